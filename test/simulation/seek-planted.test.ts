/** The loop that looks for planted bugs: it looks for what fits its time, and gives up what does not end within it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { timeBudget } from '#test/support/time-budget.ts';
import { seekPlanted } from './planted/seek-planted.ts';

const BUGS = [{ name: 'short' }, { name: 'long' }, { name: 'short, too' }];
const FOR_EVER = Number.POSITIVE_INFINITY;

function seeking(more: Partial<Parameters<typeof seekPlanted>[0]>) {
  const said: string[] = [];
  const result = seekPlanted({
    bugs: BUGS,
    only: '',
    time: timeBudget(FOR_EVER),
    workers: 1,
    ended: new AbortController().signal,
    look: async () => ({ seen: 'seen', said: '' }),
    say: (line) => said.push(line),
    ...more,
  });
  return { result, said };
}

test('all are looked for where there is time, and one that is not seen fails', async () => {
  const all = seeking({});
  assert.equal(await all.result, true);
  assert.equal(all.said.at(-1), '3 of 3 planted bugs looked for, 0 not seen');
  const one = seeking({
    look: async ({ name }) => ({ seen: name === 'long' ? undefined : 'seen', said: 'nothing' }),
  });
  assert.equal(await one.result, false);
  assert.equal(one.said.at(-1), '3 of 3 planted bugs looked for, 1 not seen');
});

test('what takes longer than there is time is left for another day, and what fits is looked for', async () => {
  const time = { ...timeBudget(FOR_EVER), mayBegin: (ms = 0) => ms < 1000 };
  const { result, said } = seeking({ time, msOf: ({ name }) => (name === 'long' ? 5000 : 100) });
  assert.equal(await result, true);
  assert.equal(said.at(-1), '2 of 3 planted bugs looked for, 0 not seen');
});

test('what is under way when the time is over is given up, and is neither seen nor missed', async () => {
  const clock = new AbortController();
  const shortOnes = BUGS.map(() => Promise.withResolvers<void>());
  let begun = 0;
  const { result, said } = seeking({
    time: { ...timeBudget(FOR_EVER), over: clock.signal },
    workers: 3,
    look: async ({ name }, ended) => {
      if (name !== 'long') {
        shortOnes[(begun += 1)]!.resolve();
        return { seen: 'seen', said: '' };
      }
      const given = once(ended, 'abort');
      // It may be the first of them.
      await Promise.all([shortOnes[1]!.promise, shortOnes[2]!.promise]);
      clock.abort();
      await given;
      return { seen: undefined, said: 'nothing' };
    },
  });
  assert.equal(await result, true);
  assert.match(said.at(-1)!, /, 0 not seen; 1 given up/);
});
