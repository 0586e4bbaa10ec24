/** Events that come again and again: the first is written, the others are counted, and none is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '#domain/audit-log.ts';
import { COUNTING_WINDOW_MS } from '#domain/limits.ts';
import type { AuditLog } from '#server/audit/audit-log.ts';
import { CountedEvents } from '#server/audit/counted-events.ts';
import { Provisions } from '#server/audit/provisions.ts';
import { Refusals } from '#server/audit/refusals.ts';
import { openServer } from '#test/support/server-in-process.ts';

/** Open at a time. */
const WINDOWS = 10_000;
const EVENT = {
  event: 'call-refused',
  by: 'member:x',
  caller: 'member:x',
  code: 'not-a-member',
  route: '/r',
} as const;
const PROVIDED = { by: 'device:x', key: 'k', to: 'laptop', as: 'key', source: 's' } as const;

/** An audit log in memory whose writes end when they are let. */
function heldLog() {
  const events: AuditEvent[] = [];
  const waiting: { readonly event: AuditEvent; readonly end: (error?: Error) => void }[] = [];
  const log = {
    held: false,
    record(event: AuditEvent): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const end = (error?: Error): void => {
        if (error !== undefined) return reject(error);
        events.push(event);
        resolve();
      };
      if (log.held) waiting.push({ event, end });
      else end();
      return promise;
    },
  };
  return { log, audit: log as unknown as AuditLog, events, waiting };
}

test('of refusals that come together when the window before them is over each is written or counted', async () => {
  const server = await openServer('Oslo', { heartbeats: false });
  let now = 1_000_000;
  const events = new CountedEvents(server.repository.audit, () => now);
  const refusals = new Refusals(events);
  const refuse = () => refusals.note('member:x', 'not-a-member', EVENT);
  assert.equal(await refuse(), true);
  assert.equal(await refuse(), false);
  now += COUNTING_WINDOW_MS;
  await Promise.all([refuse(), refuse(), refuse()]);
  await events.end();
  const written = await server.events('call-refused');
  const counts = (await server.events('refusals-counted')).map(({ count }) => count);
  assert.deepEqual([written.length, counts], [2, [1, 2]]);
});

test('a key that is given again waits until the first event is durable, and is not given where that fails', async () => {
  const { log, audit, events, waiting } = heldLog();
  const counted = new CountedEvents(audit, () => 0);
  const provisions = new Provisions(counted);
  log.held = true;
  const given: string[] = [];
  const give = (name: string) =>
    provisions.note(PROVIDED).then(
      () => given.push(name),
      () => given.push(`${name} refused`),
    );
  const both = [give('first'), give('second')];
  await new Promise(setImmediate);
  assert.deepEqual(given, []);
  waiting.shift()!.end(new Error('the disk is full'));
  await Promise.all(both);
  assert.deepEqual(new Set(given.splice(0)), new Set(['first refused', 'second refused']));
  const third = give('third');
  const fourth = give('fourth');
  await new Promise(setImmediate);
  assert.deepEqual(given, []);
  log.held = false;
  waiting.shift()!.end();
  await Promise.all([third, fourth]);
  await counted.end();
  assert.deepEqual(
    events.map((event) => [event.event, 'count' in event ? event.count : 1]),
    [
      ['key-provided', 1],
      ['provisions-counted', 1],
    ],
  );
});

test('another key, another member and another form of the same key have events of their own', async () => {
  const { audit, events } = heldLog();
  const provisions = new Provisions(new CountedEvents(audit, () => 0));
  for (const other of [{}, { key: 'other' }, { by: 'device:y' }, { as: 'file-key' }] as const)
    await provisions.note({ ...PROVIDED, ...other });
  assert.equal(events.filter(({ event }) => event === 'key-provided').length, 4);
});

test('memory is bounded: the oldest window is written out for the newest, and its count is right', async () => {
  const { audit, events } = heldLog();
  const counted = new CountedEvents(audit, () => 0);
  const refusals = new Refusals(counted);
  const refuse = (caller: string) => refusals.note(caller, 'later', EVENT);
  await refuse('loud');
  for (let at = 0; at < 5; at += 1) await refuse('loud');
  for (let at = 0; at < WINDOWS - 1; at += 1) await refuse(`caller ${at}`);
  const counts = () => events.filter(({ event }) => event === 'refusals-counted');
  assert.equal(counts().length, 0, 'there is room for all');
  await refuse('one more');
  assert.deepEqual(
    counts().map((event) => 'count' in event && [event.count, 'caller' in event && event.caller]),
    [[5, 'loud']],
  );
  await counted.end();
  assert.equal(counts().length, 1, 'of the others nothing was counted');
});

test('a count that cannot be written now is written with the next', async () => {
  const { log, audit, events, waiting } = heldLog();
  let now = 0;
  const counted = new CountedEvents(audit, () => now);
  const refusals = new Refusals(counted);
  const refuse = () => refusals.note('member:x', 'later', EVENT);
  await refuse();
  await refuse();
  now += COUNTING_WINDOW_MS;
  log.held = true;
  const swept = assert.rejects(counted.sweep());
  await new Promise(setImmediate);
  waiting.shift()!.end(new Error('the disk is full'));
  await swept;
  log.held = false;
  await counted.sweep();
  assert.deepEqual(
    events.map((event) => [event.event, 'count' in event && event.count]),
    [
      ['call-refused', false],
      ['refusals-counted', 1],
    ],
  );
});

test('a count that cannot be written outlives a later caller who is refused for the same full disk', async () => {
  const { log, audit, events, waiting } = heldLog();
  let now = 0;
  const counted = new CountedEvents(audit, () => now);
  const provisions = new Provisions(counted);
  await provisions.note(PROVIDED);
  await provisions.note(PROVIDED);
  now += COUNTING_WINDOW_MS;
  log.held = true;
  const refused = assert.rejects(provisions.note(PROVIDED));
  await new Promise(setImmediate);
  for (const write of waiting.splice(0)) write.end(new Error('the disk is full'));
  await refused;
  log.held = false;
  await provisions.note(PROVIDED);
  await counted.end();
  const told = events.map((event) => ('count' in event ? event.count : 1));
  assert.equal(
    told.reduce((sum, count) => sum + count),
    3,
    'three were given',
  );
});

test('what comes after the end, from calls that are still under way, is written singly', async () => {
  const { audit, events } = heldLog();
  const counted = new CountedEvents(audit, () => 0);
  const provisions = new Provisions(counted);
  await provisions.note(PROVIDED);
  await provisions.note(PROVIDED);
  await counted.end();
  await provisions.note(PROVIDED);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['key-provided', 'provisions-counted', 'key-provided'],
  );
});
