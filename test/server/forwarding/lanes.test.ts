/** Forwarding: every line, in order, to each receiver by itself, again after any failure, and never past its cursor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORWARD_LINES_AT_ONCE } from '#domain/forwarding-limits.ts';
import type { Store } from '#store/store.ts';
import { AUDIT } from '#test/sentences/audit.ts';
import { eventually } from '#test/support/eventually.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { allOf, head, held, open, played, stateOf, upTo } from './played-receiver.ts';

test('every line comes once and in order, a batch at a time however far behind a receiver is', async () => {
  const one = played('one');
  const at = await open(one);
  await at.add(7 * FORWARD_LINES_AT_ONCE + 3);
  await allOf(at, 'one');
  assert.deepEqual(one.came, upTo(await head(at)));
  assert.equal(one.ids.size, one.came.length);
  assert.equal(one.largest, FORWARD_LINES_AT_ONCE);
  assert.deepEqual(at.forwarding.warnings(await at.forwarding.states(at.server.store.reader)), []);
});

test('a dead receiver holds up no other, shows how far it is behind, and gets everything when it is back', async () => {
  const dead = played('dead');
  dead.conduct = () => Promise.reject(new Error('nobody is there'));
  const at = await open(dead, played('alive'));
  await at.add(250);
  await allOf(at, 'alive');
  const state = await eventually('its failure shows', async () => {
    const found = await stateOf(at, 'dead');
    return found.problem !== null && found;
  });
  assert.deepEqual([state.lines, state.behind, state.problem], [0, await head(at), 'nobody is there']);
  assert.equal(state.since, JSON.parse((await at.server.store.reader.auditAfter(0, 1))[0]!.event).at);
  const [warning] = at.forwarding.warnings([state]);
  assert.match(warning!.sentence, AUDIT.behind('dead', 'nobody is there'));
  dead.conduct = undefined;
  at.pass(60_000);
  await allOf(at, 'dead');
  assert.deepEqual(dead.came, upTo(await head(at)));
  assert.equal((await stateOf(at, 'dead')).problem, null);
  assert.deepEqual(
    at.logged.map(({ event, receiver, because }) => [event, receiver, because]),
    [['audit-not-forwarded', 'dead', 'nobody is there']],
  );
});

test('a receiver that fails is left alone for a while, longer each time, and a minute at most', async () => {
  const dead = played('dead');
  let tries = 0;
  dead.conduct = async () => {
    tries += 1;
    throw new Error('nobody is there');
  };
  const at = await open(dead);
  await eventually('the first try', () => tries === 1);
  for (let more = 0; more < 20; more += 1) await at.add(1);
  assert.equal(tries, 1, 'what happens meanwhile is no reason to try again');
  for (const [next, ms] of [60_000, 60_000, 60_000].entries()) {
    at.pass(ms);
    await eventually('another try', () => tries === next + 2);
    await eventually('it ended', async () => (await stateOf(at, 'dead')).problem !== null);
  }
});

test('what was sent and not confirmed comes again after a failure', async () => {
  const one = played('one', { confirmAfterMs: 10_000 });
  const at = await open(one);
  const first = await head(at);
  await eventually('it came', () => one.came.length === first);
  assert.equal((await stateOf(at, 'one')).behind, first, 'nothing says yet that it arrived');
  one.conduct = (part) =>
    part === 'confirm' ? Promise.reject(new Error('the connection was cut')) : Promise.resolve();
  at.pass(10_000);
  await eventually('it shows', async () => (await stateOf(at, 'one')).problem === 'the connection was cut');
  one.conduct = undefined;
  at.pass(60_000);
  await eventually('it came again', () => one.came.length === 2 * first);
  at.pass(10_000);
  await allOf(at, 'one');
  assert.deepEqual(one.came, [...upTo(first), ...upTo(first)]);
  assert.equal(one.ids.size, first, 'and by its id a receiver knows it again');
});

test('a server that ended between sending and its cursor sends that again, and leaves out nothing', async () => {
  const before = played('one', { confirmAfterMs: 0 });
  const at = await open(before);
  await allOf(at, 'one');
  const known = await head(at);
  // Sent, not confirmed; then the process is gone.
  before.conduct = (part) => (part === 'confirm' ? new Promise(() => {}) : Promise.resolve());
  await at.add(5);
  await eventually('they were sent', () => before.came.length === known + 5);
  const after = played('one');
  const later = at.again(after);
  await later.add(2);
  await allOf(later, 'one');
  assert.deepEqual(after.came, upTo(known + 7, known + 1));
});

test('a receiver that hangs is dropped after its time, the attempt is over, and then another begins', async () => {
  const one = played('one');
  one.conduct = () => new Promise(() => {});
  const at = await open(one, played('alive'));
  await allOf(at, 'alive');
  assert.equal(one.resets, 0);
  at.pass(15_000);
  await eventually('it shows', async () => /in time/.test((await stateOf(at, 'one')).problem ?? ''));
  assert.ok(one.resets > 0);
  one.conduct = undefined;
  at.pass(60_000);
  await allOf(at, 'one');
  assert.deepEqual(one.came, upTo(await head(at)));
});

test('a receiver that takes everything too slowly is warned of without any failure', async () => {
  const slow = played('slow');
  slow.conduct = () => new Promise(() => {});
  const at = await open(slow);
  const states = await at.forwarding.states(at.server.store.reader);
  assert.deepEqual(at.forwarding.warnings(states), []);
  at.pass(6 * 60_000);
  assert.equal(at.forwarding.warnings(states).length, 1);
});

test('a new receiver begins at the beginning or now, as it says, and keeps that over a restart', async () => {
  const all = played('all');
  const fresh = played('fresh', { from: 'now' });
  const at = await open(all, fresh);
  await allOf(at, 'all');
  await allOf(at, 'fresh');
  const begun = await head(at);
  assert.deepEqual([all.came.length, fresh.came], [begun, []]);
  await at.forwarding.stop();
  await at.add(3);
  const later = played('fresh', { from: 'now' });
  const again = at.again(later);
  await allOf(again, 'fresh');
  assert.deepEqual(later.came, upTo(begun + 3, begun + 1), 'what happened meanwhile is not left out');
});

test('a stop takes what was sent to its confirmation, and waits for no receiver that hangs', async () => {
  const slow = played('slow', { confirmAfterMs: 10_000 });
  const hangs = played('hangs');
  const at = await open(slow, hangs);
  await eventually('it was sent', async () => slow.came.length === (await head(at)));
  hangs.conduct = () => new Promise(() => {});
  await at.add(1);
  const stopped = at.forwarding.stop();
  await eventually('only time is left', async () => {
    at.pass(3000);
    return Promise.race([stopped.then(() => true), new Promise<false>((no) => setTimeout(no, 50, false))]);
  });
  const cursor = await at.server.repository.rows.get<{ line: number }>(
    at.server.store.reader,
    'audit-cursor',
    'slow',
  );
  assert.equal(cursor?.line, await head(at));
});

test('a cursor that somebody altered in the database leaves nothing out: everything comes again', async () => {
  const one = played('one', { from: 'now' });
  const at = await open(one);
  await at.add(3);
  await allOf(at, 'one');
  await at.forwarding.stop();
  await at.server.store.write(async (transaction) => {
    const row = (await transaction.row('audit-cursor', 'one'))!;
    await transaction.putRow({ ...row, body: row.body.replace(/\d+/, '999') });
  });
  const later = played('one', { from: 'now' });
  const again = at.again(later);
  await allOf(again, 'one');
  assert.deepEqual(later.came, upTo(await head(again)));
});

test('where the cursor cannot be stored, as on a full disk, events go on, and come again after a restart', async () => {
  const server = await openServer('Oslo', { heartbeats: false });
  let full = false;
  const store: Store = {
    ...server.store,
    write: (work, options) =>
      full ? Promise.reject(new Error('no space is left')) : server.store.write(work, options),
  };
  const one = played('one');
  const at = held(server, [one], store);
  await allOf(at, 'one');
  const before = await head(at);
  full = true;
  // The log itself is written into the space set aside for it.
  await server.repository.audit.record({ event: 'recovery-started', by: 'server', primary: 'P' });
  at.pass(60_000);
  await eventually('it came all the same', () => one.came.at(-1) === before + 1);
  await allOf(at, 'one');
  assert.deepEqual(
    at.logged.map(({ event }) => event),
    ['audit-cursor-not-stored'],
  );
  const after = played('one');
  await allOf(at.again(after), 'one');
  assert.deepEqual(after.came, [before + 1]);
});
