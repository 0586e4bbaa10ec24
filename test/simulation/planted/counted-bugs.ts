/** Bugs of counted events: what was counted is never told. */
import type { Bug } from './bug.ts';

export const COUNTED_BUGS: readonly Bug[] = [
  {
    name: 'what was counted is forgotten when a server stops',
    faults: [{ definition: 'CountedEvents.end', wrap: () => async () => undefined }],
    seed: 12,
  },
  {
    name: 'a key that is given again is never told of again',
    faults: [{ definition: 'CountedEvents.#isOver', wrap: () => () => false }],
    seed: 1,
  },
];
