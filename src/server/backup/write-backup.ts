/**
 * Backup: the whole server at one moment, in one file that only a password opens.
 *
 * How it flows: the password is judged and stretched. When the file is fetched, the audit event is made durable, and
 * then a snapshot is taken, so that it holds everything acknowledged before, including the event. Only then does `deliver` get the first byte. Rows
 * are read page by page as `deliver` takes them, so memory stays flat and custody continues meanwhile.
 */
import { type ExportSeal, prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import type { Keyring } from '#crypto/keyring.ts';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { BackupRequest } from '#protocol/people/routes/transfers.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { Snapshot } from '#store/snapshot.ts';
import type { Transaction } from '#store/transaction.ts';
import { isoTime, type Random } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readEpoch } from '../repository/settings.ts';
import { type FileUnderWay, withTrailer } from '../transfer/file-under-way.ts';
import type { TransferPorts } from '../transfer/transfer-ports.ts';
import { putMade } from './known-backups.ts';
import { type BackupHeader, headerLine, noRows, pageLines, trailerLine } from './backup-lines.ts';

export interface BackupPorts
  extends Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>,
    Pick<TransferPorts, 'workFactor' | 'stretch'> {
  readonly keyring: Keyring;
}

/** Bytes of a key's row and of an audit line in the file, for the estimate. */
const KEY_LINE_BYTES = 900;
const AUDIT_LINE_BYTES = 330;

/** A backup that can be made: its password is judged and stretched. */
export interface PreparedBackup {
  readonly id: string;
  readonly seal: ExportSeal;
}

/** Throws `password-weak`. */
export async function prepareBackup(
  ports: BackupPorts,
  id: string,
  request: BackupRequest,
): Promise<PreparedBackup> {
  await requireStrongPassword(request.password);
  const password = KeyMaterial.fromText(request.password);
  return { id, seal: await prepareSeal({ kind: 'password', password }, ports) };
}

/**
 * Sends the server as it is now.
 *
 * @param deliver resolves when every byte was taken, and throws if that will not happen.
 * Throws `data-damaged`.
 */
export async function sendBackup(
  ports: BackupPorts,
  caller: Caller,
  { id: backup, seal }: PreparedBackup,
  deliver: (underWay: FileUnderWay) => Promise<void>,
): Promise<{ readonly keys: number }> {
  const { seq: keys } = await ports.store.reader.head();
  await ports.audit.record({ event: 'backup-started', by: caller.name, backup, keys });
  const counts = noRows();
  const by = caller.name;
  try {
    const snapshot = await ports.store.snapshot();
    try {
      const header = await headerOf(ports, backup, snapshot);
      const bytes = seal.seal(
        withTrailer(linesOf(header, snapshot, counts), (digest) => trailerLine(counts, digest)),
      );
      const bytesExpected = header.keys * KEY_LINE_BYTES + header.auditLines * AUDIT_LINE_BYTES;
      await deliver({ id: backup, what: 'backup', keys: header.keys, bytesExpected, bytes });
    } finally {
      await snapshot.release();
    }
  } catch (error) {
    const ended = { event: 'backup-ended', by, backup, outcome: 'broken-off', keys: counts.keys } as const;
    await ports.audit.record(ended).catch(() => undefined);
    throw error;
  }
  const made = { backup, at: isoTime(ports.clock()), by, keys: counts.keys };
  const work = async (transaction: Transaction): Promise<void> => {
    await putMade(ports.rows, transaction, made);
    await ports.audit.append(transaction, [
      { event: 'backup-ended', by, backup, outcome: 'completed', keys: counts.keys },
    ]);
  };
  // The file has left whole, also where the disk is full: that is when a backup is wanted most.
  await ports.store.write(work, { reserve: true });
  return { keys: counts.keys };
}

async function headerOf(
  { server, rows, clock, keyring, random }: BackupPorts,
  backup: string,
  { reader }: Snapshot,
): Promise<BackupHeader> {
  return {
    backup,
    server,
    epoch: (await readEpoch(rows, reader))?.epoch ?? '',
    createdAt: isoTime(clock()),
    program: PROGRAM_VERSION,
    keys: (await reader.head()).seq,
    auditLines: (await reader.auditHead()).seq,
    rootKey: wrappedRootKey(keyring, random),
  };
}

/** The root key is never held in the clear: it travels wrapped, beside the key that unwraps it. */
function wrappedRootKey(keyring: Keyring, random: Random): BackupHeader['rootKey'] {
  const sealKey = random(32);
  return { sealKey, wrapped: keyring.wrapRootKey({ id: 'backup', kind: 'backup' }, sealKey, random).wrapped };
}

async function* linesOf(
  header: BackupHeader,
  snapshot: Snapshot,
  counts: ReturnType<typeof noRows>,
): AsyncGenerator<string> {
  yield headerLine(header);
  for await (const page of snapshot.pages()) {
    if (page.table === 'keys' || page.table === 'audit') {
      requireNoGap(page.table, counts[page.table], page.rows);
    }
    counts[page.table] += page.rows.length;
    yield pageLines(page);
  }
}

/** A backup that cannot be restored is worse than none: people would trust it. */
function requireNoGap(table: string, before: number, rows: readonly { readonly seq: number }[]): void {
  const wrong = rows.findIndex(({ seq }, index) => seq !== before + index + 1);
  if (wrong === -1) return;
  throw new KeystairError(
    'data-damaged',
    `row number ${before + wrong + 1} of the table ${table} is missing, so no backup was made`,
    {
      nextStep: step('verify-and-export'),
    },
  );
}
