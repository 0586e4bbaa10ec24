/**
 * Restore: a backup's rows become a repository again, in an empty store that its caller throws away unless all of this
 * succeeded.
 *
 * Invariants: every row is as it was, so numbers, chain and sealed records are the same. The epoch is new, and the
 * audit log continues with a line that names the last one known. What could let somebody in a second time does not come
 * back: older key files, invitations, permissions to recover, sessions, set-up links. The other seals do. A key file is made only if the server
 * had one or nothing else opens it alone: a server that waited for a person waits for one again.
 */
import { openKeyring } from '#crypto/keyring.ts';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR } from '#domain/right.ts';
import type { RestoreReport } from '#protocol/server-program.ts';
import { loadPage } from './load-page.ts';
import type { RepositoryPage } from '#store/snapshot.ts';
import type { TrustedRow } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Store } from '#store/store.ts';
import { restoreTree } from '../audit/open-tree.ts';
import { lastKnownHead } from '../checkpoints/checkpoints.ts';
import { KEY_FILE_SEAL, makeParts, type RepositoryPorts } from '../start/create-repository.ts';
import { toHex } from '#domain/hex.ts';
import { isoTime } from '../environment/environment.ts';
import { parseSeal, putSeal, readDataKeys, readTrustedSeals } from '../seals/seal-rows.ts';
import { readIdentity, writeEpoch } from '../repository/settings.ts';
import { type BackupCounts, type BackupHeader, backupInvalid } from './backup-lines.ts';
import type { BackupPage } from './read-backup.ts';

/**
 * @param makeSealKey makes or finds the key file. It is called, if there is to be one, when everything else proved
 * good.
 * @param newKeyFile make one whatever seals the server has: for when the others are lost.
 * Throws `backup-unreadable`, `backup-damaged`, `backup-invalid`, `data-newer`, `row-untrusted`, `disk-full`.
 */
export async function restoreBackup(
  ports: RepositoryPorts,
  pages: AsyncIterable<BackupPage>,
  makeSealKey: () => Uint8Array,
  newKeyFile = false,
): Promise<RestoreReport> {
  const { header, counts, keyFiles } = await loadAll(ports.store, pages);
  const { reader } = ports.store;
  const keyring = openKeyring({
    sealKey: header.rootKey.sealKey,
    seal: { id: 'backup', kind: 'backup', wrapped: header.rootKey.wrapped },
    dataKeys: await readDataKeys(reader),
  });
  const parts = makeParts(ports, keyring);
  await restoreTree({ ...parts, store: ports.store, log: ports.log });
  const server = await readIdentity(parts.rows, reader);
  if (server?.id !== header.server.id) {
    throw new KeystairError(
      'row-untrusted',
      "the backup's row of the server's identity is missing or was altered",
      {
        nextStep: 'nothing was restored; use an older backup',
      },
    );
  }
  const others = await readTrustedSeals(parts.rows, reader);
  const keyFile =
    newKeyFile ||
    keyFiles.some((row) => parts.rows.fits(row)) ||
    others.every(({ kind }) => kind === 'recovery');
  const sealKey = keyFile ? makeSealKey() : undefined;
  await ports.store.write(async (transaction) => {
    if (sealKey !== undefined) {
      const seal = keyring.wrapRootKey({ id: KEY_FILE_SEAL, kind: 'key-file' }, sealKey, ports.random);
      await putSeal(parts.rows, transaction, seal, isoTime(ports.clock()));
    }
    await beginAnew(ports, parts, transaction, header);
  });
  return { server, backup: header, counts, keyFile, otherSeals: others.map(({ id }) => id) };
}

async function loadAll(
  store: Store,
  pages: AsyncIterable<BackupPage>,
): Promise<{ header: BackupHeader; counts: BackupCounts; keyFiles: readonly TrustedRow[] }> {
  const keyFiles: TrustedRow[] = [];
  let last: BackupPage | undefined;
  for await (const read of pages) {
    last = read;
    const { page } = read;
    if (page === undefined) continue;
    const kept = withoutKeyFiles(page, keyFiles);
    await store.write((transaction) => loadPage(transaction, kept)).catch(notLoaded);
  }
  if (last === undefined) throw backupInvalid('the backup is empty');
  return { ...last, keyFiles };
}

/** The old key file may be lost or in the wrong hands. It opens nothing here, and its row is never written. */
function withoutKeyFiles(page: RepositoryPage, keyFiles: TrustedRow[]): RepositoryPage {
  if (page.table !== 'trusted-rows') return page;
  keyFiles.push(...page.rows.filter(isKeyFile));
  return { ...page, rows: page.rows.filter((row) => !isKeyFile(row)) };
}

function isKeyFile({ kind, id, body }: TrustedRow): boolean {
  return kind === 'seal' && parseSeal(id, body)?.kind === 'key-file';
}

/** A broken invariant of the store is a fault of the file here. */
function notLoaded(error: unknown): never {
  if (error instanceof KeystairError) throw error;
  throw backupInvalid('the rows of the backup contradict one another', error);
}

/** What would let somebody in a second time. */
type VoidKind = 'invitation' | 'recovery' | 'session' | 'session-list' | 'set-up';

/** @returns how many there were. */
async function voidAll(transaction: Transaction, kind: VoidKind): Promise<number> {
  const rows = await transaction.rows(kind);
  for (const { id } of rows) await transaction.deleteRow(kind, id);
  return rows.length;
}

async function beginAnew(
  ports: RepositoryPorts,
  { rows, audit }: Pick<ReturnType<typeof makeParts>, 'rows' | 'audit'>,
  transaction: Transaction,
  header: BackupHeader,
): Promise<void> {
  const tree = await audit.treeHead(transaction);
  const invitationsVoided = await voidAll(transaction, 'invitation');
  await voidAll(transaction, 'recovery');
  const sessionsEnded = await voidAll(transaction, 'session');
  await voidAll(transaction, 'session-list');
  const setUpLinksVoided = await voidAll(transaction, 'set-up');
  const epoch = toHex(ports.random(16));
  await writeEpoch(rows, transaction, { epoch, startedAt: isoTime(ports.clock()) });
  await transaction.clearRefusedKeys('');
  await audit.append(transaction, [
    {
      event: 'backup-restored',
      by: LOCAL_ADMINISTRATOR.name,
      backup: header.backup,
      madeAt: header.createdAt,
      line: tree.size,
      root: toHex(tree.root),
      invitationsVoided,
      sessionsEnded,
      setUpLinksVoided,
    },
    {
      event: 'epoch-started',
      by: 'server',
      epoch,
      because: `the repository was restored from the backup of ${header.createdAt}`,
      previous: header.epoch,
      lastCheckpoint: await lastKnownHead(rows, transaction),
    },
  ]);
}
