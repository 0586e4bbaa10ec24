/** What a long call of an administrator is handed besides its request: whom to tell how far it is, and when to stop. */
import { KeystairError } from '#domain/errors.ts';

export interface CallLife {
  /** @param done of `of`, in whatever unit. */
  readonly progress: (done: number, of: number) => void;
  /** Throws `interrupted` where the server stops, or whoever asked has gone. */
  readonly demandWanted: () => void;
}

export const UNWATCHED: CallLife = { progress: () => {}, demandWanted: () => {} };

export function callLife(signals: readonly AbortSignal[], progress: CallLife['progress']): CallLife {
  return {
    progress,
    demandWanted: () => {
      if (!signals.some(({ aborted }) => aborted)) return;
      throw new KeystairError('interrupted', 'the call was stopped before its end', {
        nextStep: 'run the command again; what was done stays',
      });
    },
  };
}

/** A file as it leaves, broken off where the server stops. */
export async function* untilStopped(
  bytes: AsyncIterable<Uint8Array>,
  stopped: AbortSignal,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of bytes) {
    if (stopped.aborted) {
      throw new KeystairError('interrupted', `the server stops before the ${what} is whole`, {
        nextStep: 'start the server and run the command again',
      });
    }
    yield block;
  }
}
