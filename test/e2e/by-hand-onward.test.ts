/** What a file by hand is for: the data opens where its keys were carried to, and they go on upward from there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { recipientOf } from '#test/support/by-hand-commands.ts';
import {
  type Device,
  joinServers,
  type Json,
  organisation,
  type Server,
} from '#test/support/organisation.ts';
import { refusedWith, setOption } from '#test/support/organisation.ts';

const place = organisation('by-hand-onward');
let lyon: Server;
let oslo: Server;
let root: Server;
let reader: Device;
/** Two of one device, then one of another, in the order in which they were made. */
let keys: string[];
let file: string;

before(async () => {
  [lyon, oslo, root] = await Promise.all([place.server('Lyon'), place.server('Oslo'), place.server('Root')]);
  await setOption(true, oslo, root);
  await joinServers(oslo, root, { dmz: true });
  const [kari, ola] = [await place.enrol('kari', lyon), await place.enrol('ola', lyon)];
  reader = await place.enrol('reader', oslo);
  keys = [
    await kari.encrypt('first', place.path('first.age')),
    await kari.encrypt('second', place.path('second.age'), { newIdentity: true }),
    await ola.encrypt('third', place.path('third.age')),
  ];
  file = place.path('keys.age');
});

test('devices, keys and a time choose together what leaves, and a file is imported as what it is', async () => {
  const to = await recipientOf(oslo);
  const exported = async (...choice: readonly string[]): Promise<unknown> => {
    const out = ['--out', file, '--force', '--to', to];
    return (await lyon.done(['keys', 'export', ...out, ...choice]))['exported'];
  };
  const { createdAt } = (await lyon.done(['keys', 'show', keys[0]!]))['key'] as { createdAt: string };
  assert.equal(await exported(), 3);
  assert.equal(await exported('--device', 'kari'), 2);
  assert.equal(await exported('--device', 'kari', '--device', 'ola'), 3);
  assert.equal(await exported('--device', 'kari', '--key', keys[2]!, '--key', keys[0]!), 3);
  assert.equal(await exported('--created-after', createdAt), 2);
  assert.equal(await exported('--created-after', '2999-01-01'), 0);
  assert.equal(await exported('--device', 'kari', '--key', keys[2]!, '--created-after', createdAt), 2);
  const nobody = await lyon.run([
    'keys',
    'export',
    '--out',
    file,
    '--force',
    '--to',
    to,
    '--device',
    'nobody',
  ]);
  refusedWith(nobody, 'not-found');

  const refused = await reader.run(['decrypt-file', place.path('third.age'), place.path('third'), '--json']);
  assert.equal(refused.status, 1, 'before');
  assert.deepEqual(await oslo.done(['keys', 'import', file]), {
    new: 2,
    known: 0,
    conflicts: [],
    dryRun: false,
  });
  assert.deepEqual((await oslo.keyIds()).toSorted(), keys.slice(1).toSorted());
  for (const name of ['second', 'third']) {
    await reader.done(['decrypt-file', place.path(`${name}.age`), place.path(name)]);
    assert.equal(readFileSync(place.path(name), 'utf8'), name);
  }
});

test('what was imported goes on upward like any other key, once link and options allow it', async () => {
  assert.deepEqual(await root.keyIds(), [], 'not over a link marked DMZ');
  await root.done(['hierarchy', 'set', 'Oslo', '--dmz', 'off']);
  await oslo.heartbeat();
  assert.deepEqual((await root.keyIds()).toSorted(), keys.slice(1).toSorted());
  const shown = (await oslo.done(['keys', 'show', keys[1]!]))['key'] as Json;
  assert.deepEqual([shown['state'], shown['origin']], ['acknowledged', lyon.id]);

  await lyon.done(['keys', 'export', '--out', file, '--force', '--to', await recipientOf(oslo)]);
  const report = { new: 1, known: 2, conflicts: [], dryRun: false };
  assert.deepEqual(await oslo.done(['keys', 'import', file]), report);
  await oslo.heartbeat();
  assert.deepEqual((await root.keyIds()).toSorted(), keys.toSorted());
});
