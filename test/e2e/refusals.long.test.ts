/**
 * Every way in which a key cannot be had, as a person meets it: the agent's one line at the device, and the verdict,
 * path and next step of `keys explain` at its server. The key was made at Lyon, and is asked for at Oslo:
 *
 *                 Geneva
 *               /        \
 *            West        North
 *             |         /     \
 *           Lyon     Oslo    Outpost (its link in DMZ from the invitation on)
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, before, test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import {
  upward,
  type Device,
  joinServers,
  organisation,
  refusedWith,
  type Server,
  setOption,
  type ThreeLevels,
  threeLevels,
} from '#test/support/organisation.ts';

const place = organisation('refusals');
const plan = place.path('plan.age');
const never = place.path('never');
const FILE_EXPORT = REFUSED['key-unavailable'].byHand;
let tree: ThreeLevels;
let outpost: Server;
let reader: Device;
let key: string;

before(async () => {
  [tree, outpost] = await Promise.all([threeLevels(place), place.server('Outpost')]);
  await setOption(true, outpost);
  await joinServers(outpost, tree.north, { dmz: true });
  const author = await place.enrol('author', tree.lyon);
  reader = await place.enrol('reader', tree.oslo);
  key = await author.encrypt('the plan', plan);
  await upward(tree.lyon, tree.west);
});

interface Explained {
  readonly verdict: string;
  readonly nextStep: string;
  readonly path: readonly {
    readonly server: { readonly name: string };
    readonly option: boolean;
    readonly link: string;
    readonly has: boolean | null;
  }[];
}

/** What a test changed is undone also where it fails, so that the next one begins as it says. */
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
  await upward(tree.oslo, tree.north);
});

/** The agent's refusal, and what explain says of the same file; in the same words. */
async function refused(
  options: { device?: Device; at?: Server; file?: string } = {},
): Promise<{ sentence: string; explained: Explained; path: unknown[] }> {
  const { device = reader, at = tree.oslo, file = plan } = options;
  const ran = await device.run(['decrypt-file', file, never, '--json']);
  const sentence = refusedWith(ran, 'key-unavailable');
  assert.ok(!existsSync(never));
  const explained = (await at.done(['keys', 'explain', '--file', file])) as unknown as Explained;
  assert.deepEqual(Object.keys(explained).sort(), ['nextStep', 'path', 'verdict']);
  assert.ok(sentence.includes(explained.verdict), `${sentence}\n${explained.verdict}`);
  assert.ok(sentence.endsWith(explained.nextStep), `${sentence}\n${explained.nextStep}`);
  assert.ok(!(await at.keyIds()).includes(key), 'no key moved');
  const path = explained.path.map(({ server, option, link, has }) => [server.name, option, link, has]);
  return { sentence, explained, path };
}

test('the option is off at the own server', async () => {
  await setOption(false, tree.oslo);
  undo.push(() => setOption(true, tree.oslo));
  const { sentence, path } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].offAtOsloWithStep);
  assert.match(sentence, FILE_EXPORT);
  assert.deepEqual(path[0], ['Oslo', false, 'option-off', false]);
  assert.deepEqual(path.slice(1), [['North', true, 'none', null]], 'North was not asked');
});

test('the option is off at the primary', async () => {
  await setOption(false, tree.north);
  undo.push(() => setOption(true, tree.north));
  const { sentence, path } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].offAtNorth);
  assert.match(sentence, FILE_EXPORT);
  assert.deepEqual(path, [
    ['Oslo', true, 'connected', false],
    ['North', false, 'option-off', null],
  ]);
});

test('the option is off two levels up', async () => {
  await setOption(false, tree.root);
  undo.push(() => setOption(true, tree.root));
  await tree.oslo.heartbeat();
  const { sentence, path } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].offAtGeneva);
  assert.deepEqual(path, [
    ['Oslo', true, 'connected', false],
    ['North', true, 'connected', false],
    ['Geneva', false, 'option-off', null],
  ]);
});

test('the link was marked DMZ when the secondary was invited', async () => {
  const guest = await place.enrol('guest', outpost);
  const { sentence, path } = await refused({ device: guest, at: outpost });
  assert.match(sentence, REFUSED['key-unavailable'].dmzOfOutpost);
  assert.match(sentence, FILE_EXPORT);
  assert.deepEqual(path, [
    ['Outpost', true, 'dmz', false],
    ['North', true, 'none', null],
  ]);
});

test('nothing climbs over a DMZ link either, and every place that shows it points to the file', async () => {
  const guest = place.device('guest');
  const made = await guest.encrypt('from the outpost', place.path('outpost.age'));
  assert.deepEqual(await outpost.done(['hierarchy', 'heartbeat']), { acknowledgedSeq: 0, transmitted: 0 });
  for (const server of [tree.north, tree.root]) assert.ok(!(await server.keyIds()).includes(made));
  const shown = (await outpost.done(['keys', 'show', made]))['key'] as { state: string };
  assert.equal(shown.state, 'recorded');
  for (const [server, args] of [
    [outpost, ['server', 'status']],
    [tree.north, ['server', 'status']],
    [tree.north, ['hierarchy', 'show']],
    [outpost, ['keys', 'explain', key]],
  ] as const) {
    assert.match((await server.run(args)).stdout, SHOWN.dmzByHand, args.join(' '));
  }
});

test('the link was marked DMZ later, at the primary', async () => {
  undo.push(() => tree.north.done(['hierarchy', 'set', 'Oslo', '--dmz', 'off']));
  await tree.north.done(['hierarchy', 'set', 'Oslo', '--dmz', 'on']);
  const { sentence } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].dmzOfOslo);
});

test("the link was marked DMZ on the secondary's side", async () => {
  undo.push(() => tree.oslo.call('setServer', { id: 'North', dmz: false }));
  await tree.oslo.done(['hierarchy', 'set', 'North', '--dmz', 'on']);
  const { sentence, path } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].dmzOfOslo);
  assert.deepEqual(path[0], ['Oslo', true, 'dmz', false]);
});

test('a link in DMZ further up is named with its servers', async () => {
  undo.push(() => tree.root.call('setServer', { id: 'North', dmz: false }));
  await tree.root.call('setServer', { id: 'North', dmz: true });
  await tree.oslo.heartbeat();
  const { sentence } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].dmzOfNorth);
});

test('the primary is not reached: since when, and what still works', async () => {
  await tree.oslo.heartbeat();
  undo.push(() => tree.north.restart());
  await tree.north.stop();
  const { sentence, path } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].osloCannotReach);
  assert.match(sentence, FILE_EXPORT);
  assert.deepEqual(path[0], ['Oslo', true, 'unreachable', false]);
  const { primary } = await tree.oslo.call('serverStatus', {});
  assert.equal(primary?.state, 'unreachable');
  assert.match(primary.problem ?? '', SHOWN.cannotConnect);
  const own = await reader.encrypt('made meanwhile', place.path('meanwhile.age'));
  assert.ok((await tree.oslo.keyIds()).includes(own));
});

test('a primary two levels up that is not reached is named by the server that cannot', async () => {
  await tree.north.heartbeat();
  undo.push(() => tree.root.restart());
  await tree.root.stop();
  const { sentence } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].northCannotReach);
});

test('a key that no server has: every server asked is named', async () => {
  const altered = place.path('unknown.age');
  const other = `${key.slice(0, -4)}${key.endsWith('0000') ? '1111' : '0000'}`;
  writeFileSync(altered, readFileSync(plan, 'latin1').replace(key, other), 'latin1');
  const { sentence, path } = await refused({ file: altered });
  assert.match(sentence, REFUSED['key-unavailable'].nobodyHasIt);
  assert.deepEqual(path.at(-1), ['Geneva', true, 'none', false]);
});

test('a claim wrong by one bit is told as such by the server that has the key, and moves nothing', async () => {
  const altered = place.path('claim.age');
  const text = readFileSync(plan, 'latin1');
  const claim = /-> keystair \S+ (\S+)/.exec(text)![1]!;
  const bytes = Buffer.from(claim, 'base64');
  bytes[3]! ^= 4;
  writeFileSync(altered, text.replace(claim, bytes.toString('base64').replaceAll('=', '')), 'latin1');
  const { sentence } = await refused({ file: altered });
  assert.match(sentence, REFUSED['key-unavailable'].wrongClaimAtGeneva);
  assert.ok(!(await tree.north.keyIds()).includes(key));
});

test('a server that its primary removed says so, and joins again with a new invitation', async () => {
  undo.push(() => joinServers(tree.oslo, tree.north));
  await tree.north.call('removeServer', { id: 'Oslo' });
  const { sentence, path } = await refused();
  assert.match(sentence, REFUSED['key-unavailable'].refusedByThePrimary);
  assert.equal((path[0] as unknown[])[2], 'refused');
  assert.equal((await tree.oslo.call('serverStatus', {})).primary?.state, 'refused');
});

test('after all of it, with both ends on, the file opens, and what was made meanwhile has climbed', async () => {
  assert.deepEqual(await reader.done(['decrypt-file', plan, place.path('opened')]), { key });
  assert.equal(readFileSync(place.path('opened'), 'utf8'), 'the plan');
  await upward(tree.oslo, tree.north);
  const [here, above] = await Promise.all([tree.oslo.keyIds(), tree.root.keyIds()]);
  for (const id of here) assert.ok(above.includes(id));
  const refusals = await tree.oslo.call('verify', {});
  assert.deepEqual([refusals.ok, refusals.problems], [true, []]);
});
