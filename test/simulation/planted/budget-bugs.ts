/** Bugs of budgets: too much is taken from a member, or what was put off never comes. */
import type { Bug } from './bug.ts';

export const BUDGET_BUGS: readonly Bug[] = [
  {
    name: 'a batch that is larger than the budget is put off for ever',
    faults: [{ definition: 'Budget.#asked', wrap: () => (amount, unit) => amount[unit] ?? 0 }],
    seed: 8,
  },
  {
    name: 'a budget that is used up never fills again',
    faults: [{ constant: 'HOUR_MS', value: Infinity }],
    seed: 3,
  },
  {
    name: 'what a secondary brings is not held against its budget',
    faults: [{ definition: 'putOffMs', wrap: () => () => undefined }],
    seed: 4,
  },
  {
    name: 'what was put off is never sent',
    faults: [
      {
        definition: 'PrimaryLink.notePutOff',
        wrap: (sound) => (until) => (until === null ? undefined : sound(until)),
      },
    ],
    seed: 24,
  },
];
