/** Bugs of budgets: too much is taken from a member, or what was put off never comes. */
import { type Bug, edit } from './bug.ts';

const BUDGET = 'server/members/budget.ts';

export const BUDGET_BUGS: readonly Bug[] = [
  {
    name: 'a batch that is larger than the budget is put off for ever',
    edits: [
      edit(
        BUDGET,
        'if (bucket.records < Math.min(records, this.#records)) return false;',
        'if (bucket.records < records) return false;',
      ),
    ],
    seed: 8,
  },
  {
    name: 'a budget that is used up never fills again',
    edits: [edit(BUDGET, 'const share = Math.max(0, now - bucket.at) / HOUR_MS;', 'const share = 0;')],
    seed: 3,
  },
  {
    name: 'what a secondary brings is not held against its budget',
    edits: [
      edit(
        'server/hierarchy/secondaries/receive-transmission.ts',
        'lowDisk || !budget.take(member.id, batch.lines.length, batch.bytes)',
        'lowDisk',
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
