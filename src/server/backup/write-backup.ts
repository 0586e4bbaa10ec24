/**
 * Backup: the whole server at one moment, in one file that only a password opens.
 *
 * How it flows: the password is judged and stretched, and the audit event is made durable. Then a snapshot is taken, so
 * that it holds everything acknowledged before, including the event. Only then does `deliver` get the first byte. Rows
 * are read page by page as `deliver` takes them, so memory stays flat and custody continues meanwhile.
 */
import { prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import type { Keyring } from '#crypto/keyring.ts';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { BackupRequest } from '#protocol/people/transfer-routes.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { Snapshot } from '#store/snapshot.ts';
import { isoTime, type Random, uuidFrom } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readEpoch } from '../repository/settings.ts';
import { type FileUnderWay, withTrailer } from '../transfer/file-under-way.ts';
import type { TransferPorts } from '../transfer/transfer-ports.ts';
import { type BackupHeader, headerLine, noRows, pageLines, trailerLine } from './backup-lines.ts';

export interface BackupPorts
  extends Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>,
    Pick<TransferPorts, 'workFactor' | 'stretch'> {
  readonly keyring: Keyring;
}

/** Bytes of a key's row and of an audit line in the file, for the estimate. */
const KEY_LINE_BYTES = 900;
const AUDIT_LINE_BYTES = 330;

/**
 * @param deliver resolves when every byte was taken, and throws if that will not happen.
 * Throws `password-weak`, `data-damaged`.
 */
export async function writeBackup(
  ports: BackupPorts,
  caller: Caller,
  request: BackupRequest,
  deliver: (underWay: FileUnderWay) => Promise<void>,
): Promise<{ readonly keys: number }> {
  await requireStrongPassword(request.password);
  const password = KeyMaterial.fromText(request.password);
  const seal = await prepareSeal({ kind: 'password', password }, ports);
  const backup = uuidFrom(ports.random);
  const { seq: keys } = await ports.store.reader.head();
  await ports.audit.record({ event: 'backup-started', by: caller.name, backup, keys });
  const counts = noRows();
  const ended = (outcome: 'completed' | 'broken-off') =>
    ports.audit.record({ event: 'backup-ended', by: caller.name, backup, outcome, keys: counts.keys });
  try {
    const snapshot = await ports.store.snapshot();
    try {
      const header = await headerOf(ports, backup, snapshot);
      const bytes = seal.seal(
        withTrailer(linesOf(header, snapshot, counts), (digest) => trailerLine(counts, digest)),
      );
      const bytesExpected = header.keys * KEY_LINE_BYTES + header.auditLines * AUDIT_LINE_BYTES;
      await deliver({ id: backup, keys: header.keys, bytesExpected, bytes });
    } finally {
      await snapshot.release();
    }
  } catch (error) {
    await ended('broken-off').catch(() => undefined);
    throw error;
  }
  await ended('completed');
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
