/** A campaign's time: no round begins that would end after it, going by the longest so far. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { timeBudget } from './time-budget.ts';

function playTime(t: { after(call: () => void): void }) {
  let now = 0;
  const { mock: played } = mock.method(performance, 'now', () => now);
  t.after(() => played.restore());
  return (ms: number): Promise<void> => {
    now += ms;
    return Promise.resolve();
  };
}

test('rounds are begun as long as the next is over in time, and the first in any case', async (t) => {
  const pass = playTime(t);
  for (const [end, closing, roundMs, rounds] of [
    [100, 0, 10, 10],
    [105, 0, 10, 10],
    [100, 4, 10, 6],
    [100, 0, 70, 1],
    [0, 0, 10, 1],
  ] as const) {
    const time = timeBudget(performance.now() + end, closing);
    let done = 0;
    while (time.mayBegin()) {
      await time.round(() => pass(roundMs));
      done += 1;
    }
    assert.equal(done, rounds, `${end} ${closing} ${roundMs}`);
  }
});
