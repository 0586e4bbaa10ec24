/**
 * Applies a confirmed import: its keys become keys of the repository, one page for each transaction, so that custody of
 * new keys and lookups continue between pages. Each transaction takes keys out of the stage, records them and counts
 * them in the import's row. If the process is killed, the next start continues the import.
 *
 * Invariant: the row `import` is the confirmation. It carries the barrier's MAC, is written together with the audit
 * event, and is removed with the event that the import ended.
 */
import { TRANSFER_PAGE_KEYS } from '#domain/limits.ts';
import type { StagedHead } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import { recordStaged } from '../records/record-keys.ts';
import { importedFrom, type Staged } from './stage-import.ts';
import type { TransferPorts } from './transfer-ports.ts';

export interface ConfirmedImport {
  /** Who imports, as the audit log names them. */
  readonly by: string;
  /** As first counted, and corrected when a key arrived by another way meanwhile. */
  readonly new: number;
  readonly known: number;
  readonly conflicts: readonly string[];
  /** Staged rows not yet processed. */
  readonly left: number;
}

export type ApplyPorts = Pick<
  TransferPorts,
  'store' | 'rows' | 'audit' | 'barrier' | 'clock' | 'keysRecorded' | 'log' | 'pageKeys'
>;

/** From here on the import is carried to its end. */
export async function confirmImport(
  ports: ApplyPorts,
  importId: string,
  by: string,
  staged: Pick<Staged, 'from' | 'new' | 'known' | 'conflicts'>,
): Promise<ConfirmedImport> {
  const { known, conflicts } = staged;
  const confirmed: ConfirmedImport = {
    by,
    new: staged.new,
    known,
    conflicts,
    left: staged.new + known + conflicts.length,
  };
  await ports.store.write(async (transaction) => {
    await ports.rows.put(transaction, 'import', importId, confirmed);
    await ports.audit.append(transaction, [
      {
        event: 'import-confirmed',
        by,
        import: importId,
        from: staged.from.id,
        new: staged.new,
        known,
        conflicts: conflicts.length,
      },
    ]);
  });
  return confirmed;
}

/** One transaction's worth. Returns the import's state after it, and whether it is over. */
export async function applyPage(
  ports: ApplyPorts,
  importId: string,
): Promise<{ readonly now: ConfirmedImport; readonly over: boolean } | undefined> {
  const step = await ports.store.write(async (transaction) => {
    const before = await ports.rows.get<ConfirmedImport>(transaction, 'import', importId);
    if (before === undefined) return undefined;
    const pageKeys = ports.pageKeys ?? TRANSFER_PAGE_KEYS;
    const page = await transaction.stagedHeads(importId, pageKeys);
    const now = page.length === 0 ? before : await recordPage(ports, transaction, importId, before, page);
    await transaction.dropStaged(importId, page.length);
    if (page.length > 0 && now.left > 0) {
      await ports.rows.put(transaction, 'import', importId, now);
      return { now, over: false };
    }
    await transaction.deleteRow('import', importId);
    await ports.audit.append(transaction, [
      {
        event: 'import-ended',
        by: now.by,
        import: importId,
        // Somebody removed staged rows from the database.
        outcome: now.left === 0 ? 'completed' : 'data-damaged',
        new: now.new - now.left,
        known: now.known,
      },
    ]);
    return { now, over: true };
  });
  if (step !== undefined) ports.keysRecorded.raise();
  return step;
}

async function recordPage(
  ports: ApplyPorts,
  transaction: Transaction,
  importId: string,
  before: ConfirmedImport,
  page: readonly StagedHead[],
): Promise<ConfirmedImport> {
  const fresh = page.filter(({ forIdOnly }) => !forIdOnly);
  const outcomes = await recordStaged(ports, transaction, importId, fresh, importedFrom(importId));
  // A key that arrived by another way since it was staged.
  const known = outcomes.filter(({ outcome }) => outcome === 'known').length;
  const conflicts = fresh.filter((_, index) => outcomes[index]!.outcome === 'conflict').map(({ id }) => id);
  return {
    by: before.by,
    new: before.new - known - conflicts.length,
    known: before.known + known,
    conflicts: [...before.conflicts, ...conflicts],
    left: before.left - page.length,
  };
}
