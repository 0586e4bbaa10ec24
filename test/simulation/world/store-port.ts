/**
 * A server's store as one life of it sees it: the real one behind a port that ends with the life, with the faults of a
 * disk, and with a tap that tells what became durable.
 *
 * A crash is: what was not committed is gone, what was committed stays, and whoever waited hears nothing. A work that
 * was under way is undone by throwing in it.
 */
import { KeystairError } from '#domain/errors.ts';
import type { AuditRow, Cursor, RefusedKey, PlacedKey, StoredKey, TrustedRow } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Store, WriteOptions } from '#store/store.ts';
import { Died, type Life, never } from './life.ts';
import type { GroupMember } from './group-member.ts';
import type { Quiet } from './quiet.ts';

/** What one work changed, told when it is durable. */
export interface Committed {
  readonly keys: StoredKey[];
  readonly rows: { readonly kind: string; readonly id: string; readonly row: TrustedRow | undefined }[];
  readonly cursors: Cursor[];
  readonly refused: RefusedKey[];
  readonly audit: AuditRow[];
  /** Imports of which keys were staged. */
  readonly staged: string[];
}

export interface DiskFaults {
  /** No space for anything but audit events. */
  full: boolean;
  /** Nor for those. */
  reserveUsed: boolean;
  /** Little space: below the mark for transmissions. */
  low: boolean;
  /** So many of the next writes fail when they are to be committed. */
  failingWrites: number;
}

export const SOUND_DISK: DiskFaults = { full: false, reserveUsed: false, low: false, failingWrites: 0 };

const FREE_BYTES = 100 * 1024 ** 3;
const FREE_BYTES_LOW = 1024 ** 2;

export interface StorePortOptions {
  readonly real: Store;
  readonly life: Life;
  readonly quiet: Quiet;
  readonly faults: DiskFaults;
  /** This process among several of its server. */
  readonly member?: GroupMember | undefined;
  readonly onCommitted: (committed: Committed) => void;
}

function diskFull(): KeystairError {
  return new KeystairError('disk-full', 'the simulated disk is full', { nextStep: 'free some space' });
}

type Method = (...values: unknown[]) => Promise<unknown>;

export function createStorePort(options: StorePortOptions): Store {
  const { real, life, quiet, faults, member, onCommitted } = options;

  /** Asks the real store on behalf of this life. */
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    if (life.paused) await life.awake();
    if (!life.step()) return never();
    let outcome: { readonly value: T } | { readonly error: unknown };
    try {
      outcome = { value: await quiet.during(work) };
    } catch (error) {
      outcome = { error };
    }
    if (life.paused) await life.awake();
    if (!life.step()) return never();
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };

  const write = async <T>(
    work: (transaction: Transaction) => Promise<T>,
    writeOptions: WriteOptions = {},
  ): Promise<T> => {
    if (faults.full && (writeOptions.reserve !== true || faults.reserveUsed)) throw diskFull();
    const fails = faults.failingWrites > 0;
    if (fails) faults.failingWrites -= 1;
    // Some fail when they begin, some when they are to be committed.
    if (fails && faults.failingWrites % 2 === 1) throw diskFull();
    let committed = nothing();
    const value = await real.write(async (transaction) => {
      if (!life.step()) throw new Died();
      committed = nothing();
      const own = tapped(transaction, life, committed);
      await member?.enter(own, writeOptions.led === true);
      const done = await work(own);
      if (!life.step()) throw new Died();
      if (fails) throw diskFull();
      member?.changed(committed);
      return done;
    }, writeOptions);
    onCommitted(committed);
    member?.recorded(committed);
    return value;
  };

  const reader = new Proxy(real.reader, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as Method;
      return (...values: unknown[]) => ask(() => method.apply(target, values));
    },
  });

  return {
    facts: real.facts,
    reader,
    ...(member === undefined ? {} : { processes: member }),
    write: (work, writeOptions) => ask(() => write(work, writeOptions)),
    snapshot: async () => {
      const snapshot = await ask(() => real.snapshot());
      return {
        ...snapshot,
        async *pages() {
          const pages = snapshot.pages();
          for (;;) {
            const next = await ask(() => pages.next());
            if (next.done === true) return;
            yield next.value;
          }
        },
      };
    },
    freeBytes: () => ask(async () => (faults.low || faults.full ? FREE_BYTES_LOW : FREE_BYTES)),
    // The real one takes a thread.
    checkStructure: () => ask(async () => []),
    close: async () => undefined,
  };
}

function nothing(): Committed {
  return { keys: [], rows: [], cursors: [], refused: [], audit: [], staged: [] };
}

/** The transaction, ending with the life, and noting what is written. */
function tapped(transaction: Transaction, life: Life, committed: Committed): Transaction {
  const note: Readonly<Record<string, (...values: never[]) => unknown>> = {
    appendKeys: (keys: readonly StoredKey[]) => committed.keys.push(...keys),
    // Their rows are moved within the store, so they are read where they lie now.
    appendStaged: async (_importId: string, placed: readonly PlacedKey[]) => {
      const before = (placed[0]?.seq ?? 1) - 1;
      committed.keys.push(...(await transaction.keysAfter(before, placed.length)));
    },
    appendAudit: (rows: readonly AuditRow[]) => committed.audit.push(...rows),
    putRow: (row: TrustedRow) => committed.rows.push({ kind: row.kind, id: row.id, row }),
    deleteRow: (kind: string, id: string) => committed.rows.push({ kind, id, row: undefined }),
    stageKeys: (importId: string) => committed.staged.push(importId),
    putCursor: (cursor: Cursor) => committed.cursors.push(cursor),
    putRefusedKeys: (refused: readonly RefusedKey[]) => committed.refused.push(...refused),
  };
  return new Proxy(transaction, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as Method;
      return async (...given: unknown[]) => {
        if (!life.step()) throw new Died();
        // Rows come one by one, and only once.
        const values = name === 'appendKeys' ? [[...(given[0] as Iterable<StoredKey>)]] : given;
        const value = await method.apply(target, values);
        await note[String(name)]?.(...(values as never[]));
        return value;
      };
    },
  });
}
