/** What one member may do in an hour. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Budget } from '#server/members/budget.ts';

const HOUR_MS = 3_600_000;
/** Members whose budget is remembered. */
const REMEMBERED = 50_000;

test('above its budget a member is told later, others are not, and an hour mends it', () => {
  let now = 1_000_000;
  const budget = new Budget({ records: 10, bytes: 1000 }, () => now);
  assert.ok(budget.take('a', { records: 10, bytes: 10 }));
  assert.equal(budget.take('a', { records: 1, bytes: 1 }), false);
  assert.ok(budget.take('b', { records: 1, bytes: 1 }));
  now += HOUR_MS / 10;
  assert.ok(budget.take('a', { records: 1, bytes: 1 }));
  assert.equal(budget.take('a', { records: 1, bytes: 1 }), false);
  now -= HOUR_MS;
  assert.equal(budget.take('a', { records: 1, bytes: 1 }), false, 'a clock that goes back gives nothing');
});

test('to ask whether something fits takes nothing, and to take what does not fit takes nothing', () => {
  const budget = new Budget({ calls: 2 }, () => 0);
  for (let at = 0; at < 5; at += 1) assert.ok(budget.fits('a', { calls: 2 }));
  assert.ok(budget.take('a', { calls: 1 }));
  assert.equal(budget.take('a', { calls: 2 }), false);
  assert.ok(budget.take('a', { calls: 1 }));
});

test('a budget bounds only what it names', () => {
  const budget = new Budget({ calls: 1 }, () => 0);
  assert.ok(budget.take('a', { calls: 1, records: 1e9, bytes: 1e15 }));
  assert.ok(budget.take('a', { records: 1e9 }));
  assert.equal(budget.take('a', { calls: 1 }), false);
});

test('a clock that is set back does not make the wait that was told longer', () => {
  let now = 10 * HOUR_MS;
  const budget = new Budget({ calls: 1 }, () => now);
  assert.ok(budget.take('a', { calls: 1 }));
  now -= 5 * HOUR_MS;
  const waitMs = budget.msUntil('a', { calls: 1 });
  now += waitMs;
  assert.ok(budget.take('a', { calls: 1 }), `after ${waitMs} ms`);
});

test('records and bytes are counted each for itself', () => {
  const budget = new Budget({ records: 10, bytes: 1000 }, () => 0);
  assert.ok(budget.take('a', { records: 1, bytes: 990 }));
  assert.equal(budget.take('a', { records: 1, bytes: 11 }), false);
  assert.ok(budget.take('a', { records: 1, bytes: 10 }));
});

test('a budget is remembered while fewer others than its limit come between, and memory is bounded by it', () => {
  const budget = new Budget({ records: 1, bytes: 1 }, () => 0);
  const others = (count: number, name: string): void => {
    for (let at = 0; at < count; at += 1) budget.take(`${name} ${at}`, { records: 1, bytes: 1 });
  };
  budget.take('a', { records: 1, bytes: 1 });
  others(REMEMBERED - 1, 'early');
  assert.equal(budget.take('a', { records: 1, bytes: 1 }), false);
  others(REMEMBERED, 'late');
  assert.ok(budget.take('a', { records: 1, bytes: 1 }));
});

test('what is larger than a whole budget comes once, and is paid back before anything more', () => {
  for (const [records, bytes] of [
    [250, 1],
    [1, 250],
  ] as const) {
    let now = 0;
    const budget = new Budget({ records: 100, bytes: 100 }, () => now);
    assert.ok(budget.take('a', { records: records, bytes: bytes }), 'a full bucket lets it in');
    assert.equal(budget.take('a', { records: 1, bytes: 1 }), false);
    now += HOUR_MS;
    assert.equal(budget.take('a', { records: 1, bytes: 1 }), false, 'it owes another half an hour');
    now += HOUR_MS;
    assert.ok(budget.take('a', { records: 1, bytes: 1 }));
    assert.equal(budget.take('a', { records: records, bytes: bytes }), false, 'not full yet');
    now += HOUR_MS;
    assert.ok(budget.take('a', { records: records, bytes: bytes }));
  }
});

test('the time that is told is enough: then what was put off is taken, and a moment before it is not', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 3000 })), {
        minLength: 1,
      }),
      (brought) => {
        let now = 1_000_000;
        const budget = new Budget({ records: 7, bytes: 900 }, () => now);
        for (const [records, bytes] of brought) {
          if (budget.take('a', { records: records, bytes: bytes })) continue;
          const waitMs = budget.msUntil('a', { records: records, bytes: bytes });
          now += waitMs - 3;
          assert.equal(budget.take('a', { records: records, bytes: bytes }), false);
          now += 3;
          assert.ok(budget.take('a', { records: records, bytes: bytes }), `after ${waitMs} ms`);
        }
      },
    ),
  );
});
