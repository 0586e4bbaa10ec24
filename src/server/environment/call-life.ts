/** What a long call of an administrator gets besides its request: where to report progress, and when to stop. */
import { KeystairError } from '#domain/errors.ts';

export interface CallLife {
  /** @param done of `of`, in any unit. */
  readonly progress: (done: number, of: number) => void;
  /** Throws `interrupted` if the server stops or the caller has gone. */
  readonly requireWanted: () => void;
}

export const UNWATCHED: CallLife = { progress: () => {}, requireWanted: () => {} };

export function callLife(signals: readonly AbortSignal[], progress: CallLife['progress']): CallLife {
  return {
    progress,
    requireWanted: () => {
      if (!signals.some(({ aborted }) => aborted)) return;
      throw new KeystairError('interrupted', 'the call was stopped before its end', {
        nextStep: 'run the command again; what was done stays',
      });
    },
  };
}

/** A file that is being sent. It breaks off when the server stops. */
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
