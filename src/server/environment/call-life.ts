/** What a long call of an administrator gets besides its request: where to report progress, and when to stop. */
import { hash } from 'node:crypto';
import type { Changed } from '#domain/changed.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Transaction } from '#store/transaction.ts';

const TAG_LENGTH = 22;
/** RFC 9110, 13.1.1: whatever is there. */
const ANY_VERSION = '*';

export interface CallLife {
  /** @param done of `of`, in any unit. */
  readonly progress: (done: number, of: number) => void;
  /** Throws `interrupted` if the server stops or the caller has gone. */
  readonly requireWanted: () => void;
  /**
   * To be called in the transaction of a change, with the fields that make the version of what is there now, and with
   * who changed it last, where that is known.
   *
   * Throws `changed-meanwhile` if the caller saw another one.
   */
  readonly requireVersion: (fields: Readonly<Record<string, unknown>>, last?: Changed) => void;
  /**
   * To be called by what may make something a second time, in the transaction that makes it: with the answer, unless
   * that contains a secret. Keeps the `Idempotency-Key` of the request, if it has one.
   */
  readonly made: (transaction: Transaction, answer?: object) => Promise<void>;
}

export const UNWATCHED: CallLife = {
  progress: () => {},
  requireWanted: () => {},
  requireVersion: () => {},
  made: async () => {},
};

export function callLife(
  signals: readonly AbortSignal[],
  progress: CallLife['progress'],
  seen?: string,
  made: CallLife['made'] = UNWATCHED.made,
): CallLife {
  return {
    made,
    requireVersion: (fields, last) => {
      if (seen === undefined || seen === ANY_VERSION || seen === versionTag(fields)) return;
      throw new KeystairError('changed-meanwhile', changedWords(last), {
        nextStep: 'read it again, and decide anew',
        ...(last === undefined ? {} : { details: { changedBy: last.by, changedAt: last.at } }),
      });
    },
    progress,
    requireWanted: () => {
      if (!signals.some(({ aborted }) => aborted)) return;
      throw new KeystairError('interrupted', 'the call was stopped before it finished', {
        nextStep: 'run the command again; what was done stays',
      });
    },
  };
}

function changedWords(last: Changed | undefined): string {
  if (last === undefined) return 'somebody else has changed it since it was read';
  return `${last.by} changed it at ${last.at}, after it was read`;
}

/** The version of something that can be edited: an `ETag`. Says nothing of its content. */
export function versionTag(fields: Readonly<Record<string, unknown>>): string {
  const inOrder = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `"${hash('sha256', JSON.stringify(inOrder), 'base64url').slice(0, TAG_LENGTH)}"`;
}

/** A file that is being sent. It breaks off when the server stops. */
export async function* untilStopped(
  bytes: AsyncIterable<Uint8Array>,
  stopped: AbortSignal,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of bytes) {
    if (stopped.aborted) {
      throw new KeystairError('interrupted', `the server is stopping before the ${what} is complete`, {
        nextStep: 'start the server and run the command again',
      });
    }
    yield block;
  }
}
