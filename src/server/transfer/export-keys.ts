/**
 * Export: the keys of a selection leave in one file that only a password or a recipient opens.
 *
 * How it flows: the keys are chosen and counted, and the password is judged and stretched; of the password only the
 * file's key is kept. Each time the file is fetched, the audit event is made durable first: who exports, which keys and
 * how many. Only then does `deliver` get the first byte. Records are opened page by page as `deliver` takes them, so
 * memory stays flat at any size, and the barrier verified each before it is in the file. When `deliver` is over, the log
 * says whether the export completed or broke off.
 */
import { type ExportSeal, prepareSeal, type SealedTo } from '#crypto/export-envelope/seal-export.ts';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { assert, KeystairError } from '#domain/errors.ts';
import { exportHeaderLine, exportRecordLine, exportTrailerLine } from '#domain/export-file.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { BLIND_BYTES } from '#domain/limits.ts';
import { type Caller, read } from '#domain/right.ts';
import { covers, limitedError, scopeOf } from '#domain/scope.ts';
import type { ExportRequest } from '#protocol/people/routes/transfers.ts';
import { secretsToWire } from '#protocol/wire-key.ts';
import type { StoredKey } from '#store/rows.ts';
import { openSecrets } from '../records/record-keys.ts';
import { isoTime } from '../environment/environment.ts';
import { groupsOf } from '../keys/key-scope.ts';
import { type FileUnderWay, withTrailer } from './file-under-way.ts';
import { findRecipient } from './find-recipient.ts';
import { type SelectedKeys, selectKeys } from './select-keys.ts';
import type { TransferPorts } from './transfer-ports.ts';

const EXPORT = read('Encryption key management');
/** What a seal adds to material and blind. */
const SEAL_BYTES = 45;

/** An export that is ready to be sent: its keys are chosen and counted, and its recipient is known. */
export interface PreparedExport {
  readonly id: string;
  readonly selected: SelectedKeys;
  readonly sealedTo: string;
  readonly seal: ExportSeal;
  readonly bytesExpected: number;
}

/** Throws `not-found`, `ambiguous-name`, `password-weak`, `invalid-argument`. */
export async function prepareExport(
  ports: TransferPorts,
  caller: Caller,
  id: string,
  request: ExportRequest,
): Promise<PreparedExport> {
  const selected = await selectKeys(ports, scopeOf(caller, EXPORT), request, caller.approval?.upTo);
  const to = await sealedTo(ports, request);
  const seal = await prepareSeal(to, ports);
  return {
    id,
    selected,
    sealedTo: to.kind === 'password' ? 'password' : to.recipient,
    seal,
    bytesExpected: await expectedBytes(selected),
  };
}

/**
 * Sends it once, from its beginning.
 *
 * @param deliver resolves when every byte was taken, and throws if that will not happen.
 * Throws `record-unreadable`.
 */
export async function sendExport(
  ports: TransferPorts,
  caller: Caller,
  { id, selected, sealedTo: to, seal, bytesExpected }: PreparedExport,
  deliver: (underWay: FileUnderWay) => Promise<void>,
): Promise<{ readonly exported: number }> {
  // They may have lost groups since it was prepared.
  if (!covers(scopeOf(caller, EXPORT), selected.scope)) throw limitedError(EXPORT);
  const keys = await selected.countNow();
  const groups = groupsOf(selected.scope);
  await ports.audit.record({
    event: 'export-started',
    by: caller.name,
    export: id,
    selection: { ...selected.selection, ...(groups === undefined ? {} : { groups }) },
    sealedTo: to,
    keys,
  });
  const progress = { keys: 0 };
  const ended = (outcome: 'completed' | 'broken-off') =>
    ports.audit.record({ event: 'export-ended', by: caller.name, export: id, outcome, keys: progress.keys });
  try {
    const lines = linesOf(ports, selected, keys, progress);
    const bytes = seal.seal(withTrailer(lines, (digest) => exportTrailerLine(progress.keys, digest)));
    await deliver({ id, what: 'export', keys, bytesExpected, bytes });
  } catch (error) {
    await ended('broken-off').catch(() => undefined);
    throw error;
  }
  await ended('completed');
  return { exported: keys };
}

async function sealedTo(
  ports: TransferPorts,
  { password, recipient, server }: ExportRequest,
): Promise<SealedTo> {
  if (password !== undefined) {
    await requireStrongPassword(password);
    return { kind: 'password', password: KeyMaterial.fromText(password) };
  }
  if (server !== undefined) return { kind: 'recipient', recipient: await findRecipient(ports, server) };
  assert(recipient !== undefined, 'an export has a password, a recipient or a server');
  return { kind: 'recipient', recipient };
}

async function* linesOf(
  { server, clock, barrier }: TransferPorts,
  selected: SelectedKeys,
  counted: number,
  progress: { keys: number },
): AsyncGenerator<string> {
  const { selection } = selected;
  yield exportHeaderLine({ server, createdAt: isoTime(clock()), selection });
  for await (const page of selected.pages()) {
    let lines = '';
    for (const row of page) {
      // Opening proves the row's other fields too, so they are copied as they are.
      const { material, blind } = secretsToWire(openSecrets(barrier, row));
      lines += exportRecordLine(row.id, row.fields, material, blind);
    }
    progress.keys += page.length;
    yield lines;
  }
  if (progress.keys === counted) return;
  assert(selected.scope !== 'everywhere', 'an export holds as many keys as were counted');
  throw new KeystairError('changed-meanwhile', 'devices were moved between groups during the export', {
    nextStep: 'export again',
  });
}

/** Estimated from the first page: keys of one organisation are much alike. */
async function expectedBytes(selected: SelectedKeys): Promise<number> {
  for await (const page of selected.pages()) {
    const bytes = page.reduce((sum, row) => sum + lineBytes(row), 0);
    return Math.ceil((bytes / page.length) * selected.count);
  }
  return 0;
}

function lineBytes({ id, fields, sealed }: StoredKey): number {
  const materialBytes = sealed.length - SEAL_BYTES - BLIND_BYTES;
  const frame = exportRecordLine(id, '', '', '').length + Math.ceil(BLIND_BYTES / 3) * 4;
  return frame + Buffer.byteLength(fields) + Math.ceil(materialBytes / 3) * 4;
}
