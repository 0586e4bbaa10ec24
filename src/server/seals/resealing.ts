/**
 * A new data key, and re-encryption of every record under it, while the server serves.
 *
 * How it flows: one transaction writes the row of the new data key and the row that tracks the progress. When it is
 * durable, everything sealed from then on is under the new key. Then the records are walked by number, one page for
 * each transaction, which also updates the progress, so a process that is killed anywhere continues there. The server's
 * own secrets follow in the last transaction. The walk does not end before a staged import does: the import's keys are
 * under the data key of their time and become records when it is applied.
 *
 * Invariants: a record is replaced only by one that opens to the same secrets; one that does not open is left as it is
 * and counted; records are walked only while the data key of the row is the current one; old data keys are kept for
 * ever, so nothing depends on the walk ever ending.
 */
import type { Keyring } from '#crypto/keyring.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { RESEAL_PAGE_KEYS, RESEAL_PAUSE_MS, RESEAL_RETRY_MS } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { DataKeyState } from '#protocol/people/seal-messages.ts';
import type { ResealedKey } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { resealed } from '../records/record-keys.ts';
import { isDiskLow } from '../repository/low-disk.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { putDataKey } from './seal-rows.ts';

export interface ResealingPorts
  extends Pick<ServerPorts, 'audit' | 'barrier' | 'log' | 'random' | 'rows' | 'store' | 'timers'> {
  readonly keyring: Keyring;
}

/** The progress: a trusted row, present until the walk is over. */
interface ResealingRow {
  readonly dataKey: number;
  /** Records up to this number are done. */
  readonly done: number;
  readonly resealed: number;
  readonly unreadable: number;
}

const ROW = 'resealing';
/** One process walks, and one that was overtaken changes nothing. */
const LED = { led: true };

export class Resealing {
  readonly #ports: ResealingPorts;
  #problem: string | undefined;
  /** Nothing is walked before the start, and after the end. */
  #started = false;
  #cancel: (() => void) | undefined;
  #page: Promise<unknown> = Promise.resolve();
  #walking = false;
  /** Another new data key was made during the walk. */
  #again = false;

  constructor(ports: ResealingPorts) {
    this.#ports = ports;
  }

  /** Continues where the last run of this server ended. */
  start(): void {
    this.#started = true;
    this.#walk();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel?.();
    await this.#page;
    this.#walking = false;
  }

  async state(): Promise<DataKeyState> {
    const { rows, store, keyring } = this.#ports;
    const row = await rows.get<ResealingRow>(store.reader, 'setting', ROW);
    const current = keyring.currentDataKey;
    if (row === undefined) return { current, resealing: null };
    const { done, unreadable } = row;
    const { seq } = await store.reader.head();
    return { current, resealing: { done, of: seq, unreadable, problem: this.#problem ?? null } };
  }

  /** Resolves when the new data key is in use; re-encryption of the records follows without further calls. */
  async rotate(
    caller: Caller,
    life: Pick<CallLife, 'made'> = UNWATCHED,
  ): Promise<{ readonly dataKey: number; readonly records: number }> {
    const { keyring, store, rows, audit, random } = this.#ports;
    const made = keyring.addDataKey(random);
    const answer = await store.write(async (transaction) => {
      if ((await transaction.row('data-key', String(made.number))) !== undefined) {
        throw new KeystairError('later', 'another new data key is being made right now', {
          nextStep: step('look-at-status'),
        });
      }
      await putDataKey(transaction, made);
      const row: ResealingRow = { dataKey: made.number, done: 0, resealed: 0, unreadable: 0 };
      await rows.put(transaction, 'setting', ROW, row);
      await audit.append(transaction, [{ event: 'data-key-made', by: caller.name, dataKey: made.number }]);
      const answer = { dataKey: made.number, records: (await transaction.head()).seq };
      await life.made(transaction, answer);
      return answer;
    });
    keyring.useDataKey(made);
    this.#walk();
    return answer;
  }

  #walk(): void {
    this.#again = true;
    if (this.#walking || !this.#started) return;
    this.#walking = true;
    this.#later(0);
  }

  #later(ms: number): void {
    if (!this.#started) return;
    this.#cancel = this.#ports.timers.after(ms, () => {
      this.#again = false;
      this.#page = this.#step().then(
        (over) => {
          this.#problem = undefined;
          if (over && !this.#again) this.#walking = false;
          else this.#later(RESEAL_PAUSE_MS);
        },
        (error: unknown) => this.#failed(error),
      );
    });
  }

  #failed(error: unknown): void {
    const code = codeOf(error);
    const problem = error instanceof KeystairError ? error.sentence : 'the server failed unexpectedly';
    if (problem !== this.#problem) {
      this.#ports.log.warn(
        { event: 'resealing-waits', code, because: problem },
        'records cannot be re-encrypted under the new data key for now; the server tries again',
      );
    }
    this.#problem = problem;
    this.#later(RESEAL_RETRY_MS);
  }

  /** One transaction. True when nothing is left to do. */
  async #step(): Promise<boolean> {
    const { store, rows, audit, log, keyring } = this.#ports;
    if ((await rows.get<ResealingRow>(store.reader, 'setting', ROW)) === undefined) return true;
    await this.#requireSpace();
    const over = await store.write(async (transaction) => {
      const before = await rows.get<ResealingRow>(transaction, 'setting', ROW);
      if (before === undefined) return { before };
      // The row is durable a moment before its data key is in use. A page of that moment would be sealed under the data
      // key before it, and counted as done.
      if (before.dataKey !== keyring.currentDataKey) return undefined;
      const now = await this.#resealPage(transaction, before);
      if (now !== undefined) {
        await rows.put(transaction, 'setting', ROW, now);
        return undefined;
      }
      await rows.resealSecrets(transaction);
      await transaction.deleteRow('setting', ROW);
      await audit.append(transaction, [
        {
          event: 'records-resealed',
          by: 'server',
          dataKey: before.dataKey,
          records: before.resealed,
          unreadable: before.unreadable,
        },
      ]);
      return { before };
    }, LED);
    if (over?.before !== undefined) {
      log.info({ event: 'records-resealed', ...over.before }, 'every record is under the new data key');
    }
    return over !== undefined;
  }

  /** The progress after the next records; undefined if there are none. Reads and replaces in one transaction. */
  async #resealPage(transaction: Transaction, before: ResealingRow): Promise<ResealingRow | undefined> {
    const { barrier } = this.#ports;
    const page = await transaction.keysAfter(before.done, RESEAL_PAGE_KEYS);
    if (page.length === 0) {
      await requireNoImport(transaction);
      return undefined;
    }
    const fresh: ResealedKey[] = [];
    let unreadable = 0;
    for (const row of page) {
      try {
        const sealed = resealed(barrier, row);
        if (sealed !== undefined) fresh.push({ seq: row.seq, sealed });
      } catch {
        // `server verify` names it.
        unreadable += 1;
      }
    }
    await transaction.replaceSealed(fresh);
    return {
      dataKey: before.dataKey,
      done: page.at(-1)!.seq,
      resealed: before.resealed + fresh.length,
      unreadable: before.unreadable + unreadable,
    };
  }

  /** A replaced record is kept as long as a backup reads it, and the last space is for the keys of own devices. */
  async #requireSpace(): Promise<void> {
    if (!(await isDiskLow(this.#ports.store))) return;
    throw new KeystairError('disk-low', 'too little disk space is left to re-encrypt records', {
      nextStep: 'free some space; the re-encryption then continues automatically',
    });
  }
}

async function requireNoImport(transaction: Transaction): Promise<void> {
  if ((await transaction.stagedImports()).length === 0) return;
  throw new KeystairError('later', 'an import is running, and its keys are re-encrypted last', {
    nextStep: 'nothing to do: the re-encryption continues when the import has finished',
  });
}
