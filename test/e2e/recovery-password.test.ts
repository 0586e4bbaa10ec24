/**
 * A recovery password of another system is taken into custody by a device: whoever may reveal keys has it wherever keys
 * go, and no device has it any more.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { claimFromText } from '#domain/claim.ts';
import { AgentState } from '#agent/state.ts';
import { withServer } from '#agent/server-connection.ts';
import {
  type Device,
  type Json,
  organisation,
  refusedWith,
  type ThreeLevels,
  threeLevels,
  upward,
} from '#test/support/organisation.ts';

const place = organisation('recovery-password');
const ID = '2D1F3A4B-5C6D-7E8F-9A0B-1C2D3E4F5A6B';
const PASSWORD = '123453-000011-720885-444444-555555-065538-110000-000000';
const OTHER = PASSWORD.replace('000011', '000022');
const TAKE = ['take-recovery', '--kind', 'bitlocker', '--id', ID];
let tree: ThreeLevels;
let device: Device;
let key: string;

before(async () => {
  tree = await threeLevels(place);
  device = await place.enrol('laptop', tree.lyon);
});

async function listed(id: string): Promise<Json[]> {
  const { keys } = (await tree.root.done(['keys', 'list', '--find', id])) as { keys: Json[] };
  return keys;
}

async function revealed(id: string): Promise<unknown> {
  const { material } = await tree.root.done(['keys', 'reveal', id, '--reason', 'the owner calls']);
  return material;
}

test('it is in custody, climbs, is found by its id and revealed at the root', async () => {
  const file = place.path('password');
  writeFileSync(file, `${PASSWORD}\n`, { mode: 0o600 });
  const document = await device.done([...TAKE, file]);
  assert.deepEqual(Object.keys(document), ['key']);
  key = String(document['key']);
  await upward(tree.lyon, tree.west);
  assert.deepEqual(
    (await listed(ID.toLowerCase())).map(({ id, kind, algorithm, locator }) => ({
      id,
      kind,
      algorithm,
      locator,
    })),
    [{ id: key, kind: 'recovery', algorithm: 'bitlocker', locator: { recoveryId: ID } }],
  );
  assert.equal(await revealed(key), PASSWORD);
});

test('the same again is the same key; another one supersedes it, and both stay', async () => {
  const spaced = `${PASSWORD.replaceAll('-', ' ')}\n`;
  assert.deepEqual(await device.done([...TAKE, '-'], spaced), { key });
  const { key: second } = await device.done([...TAKE, '-'], OTHER);
  assert.notEqual(second, key);
  assert.deepEqual(await device.done([...TAKE, '-'], PASSWORD), { key });
  await upward(tree.lyon, tree.west);
  const keys = await listed(ID);
  assert.deepEqual(
    new Map(keys.map(({ id, replaces }) => [id, replaces])),
    new Map([
      [key, null],
      [second, key],
    ]),
  );
  assert.equal(await revealed(String(second)), OTHER);
});

test('the device keeps no word of it, and its server gives it to no device', async () => {
  const state = readFileSync(join(device.state, 'agent.db'));
  for (const password of [PASSWORD, OTHER]) assert.ok(!state.includes(password));
  const kept = AgentState.open(device.state, { create: false });
  try {
    const { claim, material } = kept.key(key)!;
    assert.equal(material, null);
    assert.equal(claimFromText(claim).length, 16);
    const ports = { state: kept, clock: Date.now, random: () => new Uint8Array(16) };
    await assert.rejects(
      withServer(ports, (calls) => calls.call('deviceLookup', { id: key, claim })),
      { code: 'not-allowed' },
    );
  } finally {
    kept.close();
  }
});

test('a device that moves takes it along: its new server holds it', async () => {
  const { invitation } = await tree.oslo.call('inviteDevice', {});
  const { keys } = await device.done(['enrol', '-'], invitation);
  assert.equal((keys as Json)['needed'], 2);
  assert.ok((await tree.oslo.keyIds()).includes(key));
  assert.deepEqual(await device.done([...TAKE, '-'], PASSWORD), { key });
});

test('one that no server took yet is handed over by the same command, and is one key', async () => {
  const take = ['take-recovery', '--kind', 'other', '--id', 'NAS 4', '-'];
  await tree.oslo.kill();
  refusedWith(await device.run([...take, '--json'], 'Blå 7'), 'server-unreachable');
  await tree.oslo.restart();
  const taken = await device.done(take, 'Blå 7');
  assert.deepEqual(await device.done(take, 'Blå 7'), taken);
  const { keys } = (await tree.oslo.done(['keys', 'list', '--find', 'NAS 4'])) as { keys: Json[] };
  assert.deepEqual(
    keys.map(({ id }) => id),
    [taken['key']],
  );
});

test('a slip, a file that others can read, and a password as an argument are refused, and quoted nowhere', async () => {
  const slip = PASSWORD.replace('123453', '123454');
  assert.match(refusedWith(await device.run([...TAKE, '-', '--json'], slip), 'invalid-argument'), /group 1 /);
  const open = place.path('open');
  writeFileSync(open, PASSWORD, { mode: 0o644 });
  refusedWith(await device.run([...TAKE, open, '--json']), 'password-exposed');
  const said = await device.run([...TAKE, PASSWORD]);
  assert.deepEqual([said.status, said.stdout], [2, '']);
  assert.ok(!said.stderr.includes(PASSWORD));
  assert.equal((await device.run(['take-recovery', '-', '--kind', 'bitlocker'], PASSWORD)).status, 2);
});
