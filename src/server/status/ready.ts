/**
 * Whether the server can take what it exists for: keys to be recorded. Invariant: however often anybody asks, the store
 * is tried once a second at most.
 */
import { codeOf } from '#domain/errors.ts';
import type { Store } from '#store/store.ts';
import type { Clock } from '../environment/environment.ts';

const TRIED_MS = 1000;

export interface Readiness {
  /** Why the server is not ready; undefined if it is. */
  readonly notReady: () => Promise<string | undefined>;
  /** It is to stop: others take the calls that come. */
  readonly leave: () => void;
}

export function createReadiness(store: Store, clock: Clock): Readiness {
  let isLeaving = false;
  let tried = { at: -Infinity, outcome: Promise.resolve<string | undefined>(undefined) };
  return {
    notReady: async () => {
      if (isLeaving) return 'the server is stopping';
      const now = clock();
      if (Math.abs(now - tried.at) >= TRIED_MS) tried = { at: now, outcome: tryStore(store) };
      return tried.outcome;
    },
    leave: () => {
      isLeaving = true;
    },
  };
}

async function tryStore(store: Store): Promise<string | undefined> {
  try {
    await store.write(async () => undefined);
    return undefined;
  } catch (error) {
    return `the database takes no writes (${codeOf(error)})`;
  }
}
