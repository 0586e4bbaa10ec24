/**
 * The documents of the contract, field by field, from real processes: three levels, and a third branch. What a refusal
 * says is held in test/e2e/refusals.long.test.ts.
 *
 *             Geneva
 *            /      \
 *         West      Oslo
 *          |
 *         Lyon
 */
import assert from 'node:assert/strict';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  type Device,
  doneJson,
  joinServers,
  type Json,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';

const place = organisation('contract');
const plan = place.path('plan.age');
let root: Server;
let west: Server;
let lyon: Server;
let oslo: Server;
let author: Device;
let reader: Device;
let key: string;

/** What stands in a document, by type: `string`, `number`, `boolean`, `null`, and what is inside. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shape(one)]));
}

function pick(value: unknown, fields: string): Json {
  const given = value as Json;
  return Object.fromEntries(fields.split(' ').map((name) => [name, given[name]]));
}

before(async () => {
  // Spaces, letters beyond ASCII, and longer than a socket's path may be.
  const deep = place.path(join('Büro in Łódź', 'deep '.repeat(30).trim()));
  [root, west, lyon, oslo] = await Promise.all([
    place.server('Geneva'),
    place.server('West'),
    place.server('Lyon', { data: deep }),
    place.server('Oslo'),
  ]);
  await setOption(true, root, west, lyon, oslo);
  await joinServers(west, root);
  await Promise.all([joinServers(lyon, west), joinServers(oslo, root)]);
  [author, reader] = await Promise.all([place.enrol('author', lyon), place.enrol('reader', oslo)]);
  key = await author.encrypt('the plan', plan);
  await lyon.heartbeat();
  await west.heartbeat();
});

test('the socket is for its owner, also where its path is too long for one', () => {
  for (const { data } of [root, lyon]) {
    assert.equal(statSync(join(data, 'keystair.sock')).mode & 0o777, 0o600);
  }
});

test('the status, with its primary and a secondary', async () => {
  const status = await west.done(['server', 'status']);
  const neighbour = {
    id: 'string',
    name: 'string',
    useHierarchy: 'boolean',
    dmz: 'boolean',
    acknowledgedSeq: 'number',
    lastHeartbeatAt: 'string',
    problem: 'null',
  };
  assert.deepEqual(shape(pick(status, 'server useHierarchy keys headSeq epoch primary secondaries')), {
    server: { id: 'string', name: 'string', version: 'string' },
    useHierarchy: 'boolean',
    keys: 'number',
    headSeq: 'number',
    epoch: 'string',
    primary: { ...neighbour, state: 'string' },
    secondaries: [neighbour],
  });
  assert.equal((await root.done(['server', 'status']))['primary'], null);
});

test('the root sees a server two levels below as it is as soon as it joined', async () => {
  const server = {
    id: 'string',
    name: 'string',
    useHierarchy: 'boolean',
    dmz: 'boolean',
    waiting: 'number',
    problem: 'null',
  };
  // No heartbeat is made here: West tells its primary by itself.
  const tree = await eventually('Lyon, heard, in the tree of Geneva', async () => {
    const { secondaries } = await root.call('showHierarchy', {});
    const below = secondaries.find(({ name }) => name === 'West')?.secondaries[0];
    return below?.useHierarchy === true && below.problem === null ? secondaries : undefined;
  });
  const shown = tree.find(({ name }) => name === 'West');
  assert.deepEqual(shape(shown), {
    ...server,
    lastHeartbeatAt: 'string',
    secondaries: [{ ...server, lastHeartbeatAt: 'string', secondaries: [] }],
  });
  const here = await lyon.done(['hierarchy', 'show']);
  assert.deepEqual(shape(here), {
    server: { ...server, lastHeartbeatAt: 'string' },
    primary: { ...server, waiting: 'null', lastHeartbeatAt: 'string' },
    secondaries: [],
  });
});

test('an option switched two levels below is shown at the root, without a heartbeat of anybody', async () => {
  const seen = (useHierarchy: boolean) =>
    eventually(`Lyon's option at Geneva: ${useHierarchy}`, async () => {
      const { secondaries } = await root.call('showHierarchy', {});
      const below = secondaries.find(({ name }) => name === 'West')?.secondaries[0];
      return below?.useHierarchy === useHierarchy;
    });
  await setOption(false, lyon);
  await seen(false);
  await setOption(true, lyon);
  await seen(true);
});

test('the settings name who has not heard of a change, then and whenever they are shown', async () => {
  const changed = await root.done(['server', 'settings', '--use-hierarchy', 'off']);
  assert.deepEqual(pick(changed, 'useHierarchy transmit heartbeat'), {
    useHierarchy: false,
    transmit: 'immediately',
    heartbeat: 900,
  });
  const names = async (): Promise<string[]> =>
    (await root.call('showSettings', {})).notHeard.map(({ name }) => name);
  assert.deepEqual((await names()).toSorted(), ['Oslo', 'West']);
  await oslo.heartbeat();
  assert.deepEqual(await names(), ['West']);
  await root.restart();
  assert.deepEqual(await names(), ['West'], 'a restart does not make it heard');
  await setOption(true, root);
  await Promise.all([oslo.heartbeat(), west.heartbeat()]);
  assert.deepEqual(await names(), []);
});

test('keys are listed and shown with every field, and a key is found by its id or what only one has', async () => {
  const fields = 'id kind device locator algorithm origin createdAt replaces state';
  const { keys } = (await lyon.done(['keys', 'list'])) as { keys: Json[] };
  assert.equal(keys.length, 1);
  assert.deepEqual(shape(pick(keys[0], fields)), {
    id: 'string',
    kind: 'string',
    device: { id: 'string', name: 'string' },
    locator: {},
    algorithm: 'string',
    origin: 'string',
    createdAt: 'string',
    replaces: 'null',
    state: 'string',
  });
  assert.equal(keys[0]?.['state'], 'acknowledged');
  for (const wanted of [key, 'author']) {
    assert.deepEqual((await lyon.done(['keys', 'show', wanted]))['key'], keys[0]);
    const { path } = (await lyon.done(['keys', 'explain', wanted])) as { path: Json[] };
    assert.deepEqual(pick(path[0], 'option link has'), { option: true, link: 'connected', has: true });
  }
  assert.equal(((await root.done(['keys', 'list'])) as { keys: Json[] }).keys[0]?.['state'], 'recorded');
  const revealed = await lyon.done(['keys', 'reveal', key, '--reason', 'the contract']);
  assert.equal(revealed['id'], key);
  assert.match(String(revealed['material']), /^AGE-SECRET-KEY-/);
});

test('what is no id and fits no key is refused here, and is no word about the link', async () => {
  const ran = await oslo.run(['keys', 'explain', 'no such key', '--json']);
  assert.match(refusedWith(ran, 'not-found'), REFUSED['not-found'].noKeyFits);
  assert.equal((await oslo.call('serverStatus', {})).primary?.state, 'connected');
});

test('the way of a key that nobody has: who was asked, and who could not be', async () => {
  const unknown = '019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071';
  const explained = await oslo.done(['keys', 'explain', unknown]);
  assert.deepEqual(Object.keys(explained).toSorted(), ['nextStep', 'path', 'verdict']);
  assert.deepEqual(
    (explained['path'] as Json[]).map((step) => [(step['server'] as Json)['name'], step['has']]),
    [
      ['Oslo', false],
      ['Geneva', false],
    ],
  );
  await oslo.call('changeSettings', { useHierarchy: false });
  const { stdout } = await oslo.run(['keys', 'explain', unknown]);
  await oslo.call('changeSettings', { useHierarchy: true });
  assert.match(stdout, SHOWN.notAskedAtGeneva);
});

test('a primary that forgot this server is named in its refusal, and the state says refused', async () => {
  assert.deepEqual(await root.done(['hierarchy', 'remove', 'Oslo']), {});
  const ran = await oslo.run(['hierarchy', 'heartbeat', '--json']);
  assert.match(refusedWith(ran, 'not-a-member'), REFUSED['not-a-member'].forgottenByGeneva);
  const { primary } = await oslo.call('serverStatus', {});
  assert.deepEqual([primary?.state, primary?.problem?.startsWith('Geneva does not')], ['refused', true]);
  const { invitation } = await root.call('inviteSecondary', {});
  const joined = await oslo.done(['hierarchy', 'join', '-'], invitation);
  assert.deepEqual(joined['primary'], { id: root.id, name: 'Geneva' });
  assert.equal((await oslo.call('serverStatus', {})).primary?.state, 'connected');
});

test('a server below cannot become one above, and is told which of the two must leave', async () => {
  const { invitation } = await west.call('inviteSecondary', {});
  const ran = await root.run(['hierarchy', 'join', '-', '--json'], invitation);
  assert.match(refusedWith(ran, 'invitation-invalid'), REFUSED['invitation-invalid'].westMustLeave);
  const other = await oslo.run(['hierarchy', 'join', '-', '--json'], invitation);
  assert.match(refusedWith(other, 'already-joined'), REFUSED['already-joined'].leaveGeneva);
});

test('a device is listed with its fields, and one of two of the same name is asked for by id', async () => {
  await reader.done(['heartbeat']);
  const { devices } = (await oslo.done(['devices', 'list'])) as { devices: Json[] };
  assert.deepEqual(shape(pick(devices[0], 'id name keys lastHeartbeatAt')), {
    id: 'string',
    name: 'string',
    keys: 'number',
    lastHeartbeatAt: 'string',
  });
  for (const state of ['twin one', 'twin two']) {
    const { invitation } = await oslo.call('inviteDevice', {});
    const twin = place.device(state);
    doneJson(await twin.run(['enrol', '-', '--name', 'twin', '--json'], invitation));
  }
  const ran = await oslo.run(['devices', 'remove', 'twin', '--json']);
  assert.match(refusedWith(ran, 'ambiguous-name'), REFUSED['ambiguous-name'].useTheId);
});

test('a drive says where its key came from: the device, its server, the server that had it', {
  skip: unlessInstalled('cryptsetup'),
}, async () => {
  const image = place.path('stick.img');
  writeFileSync(image, '');
  truncateSync(image, 32 * 1024 * 1024);
  const made = await author.done(['format-drive', image, '--label', 'blue stick']);
  assert.deepEqual(shape(made), { key: 'string', uuid: 'string' });
  await lyon.heartbeat();
  await west.heartbeat();
  const open = ['open-drive', image, '--test'];
  assert.deepEqual(await author.done(open), { key: made['key'], keyslot: 0, source: 'device' });
  assert.deepEqual(await reader.done(open), { key: made['key'], keyslot: 0, source: 'Geneva' });
  assert.deepEqual(await reader.done(open), { key: made['key'], keyslot: 0, source: 'server' });
});

test('a device of a third branch: it stays until the new server can get its keys, then is over', async () => {
  const south = await place.server('South');
  const { invitation } = await south.call('inviteDevice', {});
  const stays = await author.run(['enrol', '-', '--json'], invitation);
  assert.equal(stays.status, 1);
  const { server, keys } = stays.json() as { server: Json; keys: { missing: string[] } };
  assert.deepEqual(server, { id: lyon.id, name: 'Lyon' });
  assert.ok(keys.missing.includes(key));
  assert.match(stays.stderr, REFUSED['device-stays'].sameInvitationInFull);
  await setOption(true, south);
  await joinServers(south, root);
  const over = await author.done(['enrol', '-'], invitation);
  const after = over['keys'] as { needed: number; obtained: number; missing: string[] };
  assert.deepEqual(over['server'], { id: south.id, name: 'South' });
  assert.deepEqual([after.obtained, after.missing], [after.needed, []]);
});
