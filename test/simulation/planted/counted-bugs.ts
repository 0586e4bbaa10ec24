/** Bugs of counted events: what was counted is never told. */
import { type Bug, edit } from './bug.ts';

const COUNTED = 'server/audit/counted-events.ts';

export const COUNTED_BUGS: readonly Bug[] = [
  {
    name: 'what was counted is forgotten when a server stops',
    edits: [
      edit(
        COUNTED,
        'this.#ended = true;\n    return this.#close([...this.#windows.keys()]);',
        'return Promise.resolve();',
      ),
    ],
    seed: 12,
  },
  {
    name: 'a key that is given again is never told of again',
    edits: [edit(COUNTED, '>= COUNTING_WINDOW_MS', '>= Infinity')],
    seed: 1,
  },
];
