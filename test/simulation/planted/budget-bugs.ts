/** Bugs of budgets: too much is taken from a member, or what was put off never comes. */
import { type Bug, edit } from './bug.ts';

const BUDGET = 'server/members/budget.ts';

export const BUDGET_BUGS: readonly Bug[] = [
  {
    name: 'a batch that is larger than the budget is put off for ever',
    edits: [
      edit(BUDGET, 'return Math.min(amount[unit] ?? 0, this.#anHour[unit]);', 'return amount[unit] ?? 0;'),
    ],
    seed: 8,
  },
  {
    name: 'a budget that is used up never fills again',
    edits: [edit(BUDGET, 'const share = (now - bucket.at) / HOUR_MS;', 'const share = 0;')],
    seed: 3,
  },
  {
    name: 'what a secondary brings is not held against its budget',
    edits: [
      edit(
        'server/hierarchy/secondaries/receive-transmission.ts',
        "if (answer.outcome === 'received') budget.charge(caller.id, amount);",
        '',
      ),
    ],
    seed: 4,
  },
  {
    name: 'what was put off is never sent',
    edits: [
      edit(
        'server/hierarchy/primary/climb.ts',
        "      this.#link.notePutOff(null);\n      this.#trigger('transmission');\n",
        '',
      ),
    ],
    seed: 24,
  },
];
