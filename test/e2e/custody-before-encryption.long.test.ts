/** Encryption begins only after the server's acknowledgement. What a kill in between leaves is in custody-killed.long.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  type Device,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';
import { startKeystair } from '#test/support/run-keystair.ts';

const place = organisation('custody');
const plain = place.path('plain');
let server: Server;
let device: Device;
let out: string;
let made = 0;

before(async () => {
  server = await place.server('Oslo');
  device = await place.enrol('laptop', server);
  writeFileSync(plain, 'text'.repeat(1000));
});
beforeEach(() => {
  made += 1;
  out = place.path(`out-${made}.age`);
});

afterEach(() => {
  if (server.alive) process.kill(server.pid, 'SIGCONT');
});

function startEncrypting(from = plain) {
  const args = ['agent', 'encrypt-file', from, out, '--new-identity', '--state', device.state];
  return startKeystair(args);
}

/** Keys of the device's state that its server has not acknowledged. */
function pendingKeys(): string[] {
  const database = new DatabaseSync(join(device.state, 'agent.db'), { readOnly: true, timeout: 5000 });
  const rows = database.prepare("SELECT id FROM keys WHERE custody = 'pending'").all();
  database.close();
  return rows.map((row) => String(row['id']));
}

test('while the server is silent nothing is written, and an agent killed then leaves a key to hand over', async () => {
  process.kill(server.pid, 'SIGSTOP');
  const agent = startEncrypting();
  const over = once(agent, 'close') as Promise<[number | null]>;
  const [key] = await eventually('a key is pending', () => {
    const keys = pendingKeys();
    return keys.length > 0 && keys;
  });
  assert.ok(!existsSync(out));
  agent.kill('SIGKILL');
  await over;
  process.kill(server.pid, 'SIGCONT');
  assert.ok(!existsSync(out), 'nothing was encrypted');
  await device.heartbeat();
  assert.deepEqual(pendingKeys(), []);
  assert.ok((await server.keyIds()).includes(key!), 'the next heartbeat brought it');
});

test('without a server nothing new is encrypted, and own files still open', async () => {
  const key = await device.encrypt('text', out);
  await server.stop();
  const refusal = await device.run(['encrypt-file', plain, `${out}.2`, '--new-identity', '--json']);
  assert.match(refusedWith(refusal, 'server-unreachable'), REFUSED['server-unreachable'].checkThatItRuns);
  assert.ok(!existsSync(`${out}.2`));
  assert.deepEqual(await device.done(['decrypt-file', out, `${out}.plain.2`]), { key });
  await server.restart();
});

test('a key is transmitted at once, or only with the heartbeat where that is chosen', async () => {
  const above = await place.server('Above');
  await setOption(true, above, server);
  const { invitation } = await above.call('inviteSecondary', {});
  await server.done(['hierarchy', 'join', '-', '--use-hierarchy', 'on'], invitation);
  await server.heartbeat();
  const stateOf = async (id: string) =>
    ((await server.done(['keys', 'show', id]))['key'] as { state: string }).state;
  const atOnce = await device.encrypt('text', out, { newIdentity: true });
  await eventually('it arrived by itself', async () => (await above.keyIds()).includes(atOnce));
  await server.done(['server', 'settings', '--transmit', 'heartbeat']);
  await server.heartbeat();
  const later = await device.encrypt('text', `${out}.later`, { newIdentity: true });
  assert.equal(await stateOf(later), 'recorded');
  assert.ok(!(await above.keyIds()).includes(later));
  const beat = await server.done(['hierarchy', 'heartbeat']);
  assert.deepEqual(beat, { acknowledgedSeq: (await server.keyIds()).length, transmitted: 1 });
  assert.equal(await stateOf(later), 'acknowledged');
});
