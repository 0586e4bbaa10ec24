/** An agent or a server killed around the acknowledgement: either the key is in custody, or nothing was encrypted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { type Device, organisation, type Server } from '#test/support/organisation.ts';
import { holdBack } from '#test/support/held-pipe.ts';
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

/** Not there in a file that was not begun. */
function keyOf(file: string): string | undefined {
  return /-> keystair (\S+) /.exec(readFileSync(file, 'latin1'))?.[1];
}

test('a server killed before it answered leaves no file, and has the key after the next heartbeat', async () => {
  process.kill(server.pid, 'SIGSTOP');
  const agent = startEncrypting();
  const over = once(agent, 'close') as Promise<[number | null]>;
  const [key] = await eventually('a key is pending', () => {
    const keys = pendingKeys();
    return keys.length > 0 && keys;
  });
  await server.kill();
  const [code] = await over;
  assert.equal(code, 1);
  assert.ok(!existsSync(out));
  await server.restart();
  await device.heartbeat();
  assert.ok((await server.keyIds()).includes(key!));
});

test('an agent killed in the middle of encrypting, or at its end, did so with a key that is in custody', async () => {
  // A folder of its own: what a killed agent had written is told to whoever writes beside it next.
  const folder = place.path('killed');
  mkdirSync(folder);
  out = join(folder, 'killed.age');
  const pipe = place.path('pipe');
  const text = holdBack(plain, pipe, 100);
  const middle = startEncrypting(pipe);
  const middleOver = once(middle, 'close');
  const begun = await eventually('it has written the head of the file', () => {
    const [partial] = readdirSync(folder);
    return partial !== undefined && keyOf(join(folder, partial));
  });
  middle.kill('SIGKILL');
  await middleOver;
  text.finish();
  assert.ok((await server.keyIds()).includes(begun));
  assert.ok(!existsSync(out), 'no file under its name');

  const changes = watch(folder);
  const end = startEncrypting();
  const endOver = once(end, 'close');
  for await (const _ of changes) if (existsSync(out)) break;
  end.kill('SIGKILL');
  await endOver;
  assert.ok((await server.keyIds()).includes(keyOf(out)!));
  await device.heartbeat();
  const next = await device.encrypt('text', place.path('next.age'));
  assert.ok((await server.keyIds()).includes(next), 'and works on');
});

test('a server killed (-9) right after its acknowledgement has the key', async () => {
  const key = await device.encrypt('text', out, { newIdentity: true });
  await server.kill();
  await server.restart();
  assert.ok((await server.keyIds()).includes(key));
  assert.equal((await server.call('verify', {})).ok, true);
});
