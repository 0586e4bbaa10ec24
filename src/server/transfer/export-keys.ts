/**
 * Export: the keys of a selection leave in one file that only a password or a recipient opens.
 *
 * How it flows: the keys are chosen and counted, and the password is judged and stretched. Then the audit event is made
 * durable: who exports, which keys and how many. Only then does `deliver` get the first byte. Records are opened page
 * by page as `deliver` takes them, so memory stays flat at any size, and the barrier verified each before it is in the
 * file. When `deliver` is over, the log says whether the export completed or broke off.
 */
import { prepareSeal, type SealedTo } from '#crypto/export-envelope/seal-export.ts';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { assert } from '#domain/errors.ts';
import { exportHeaderLine, exportRecordLine, exportTrailerLine } from '#domain/export-file.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { BLIND_BYTES } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import type { ExportRequest } from '#protocol/people/transfer-routes.ts';
import { secretsToWire } from '#protocol/wire-key.ts';
import type { StoredKey } from '#store/rows.ts';
import { openSecrets } from '../records/record-keys.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { type FileUnderWay, withTrailer } from './file-under-way.ts';
import { type SelectedKeys, selectKeys } from './select-keys.ts';
import type { TransferPorts } from './transfer-ports.ts';

/** What a seal adds to material and blind. */
const SEAL_BYTES = 45;

/**
 * @param deliver resolves when every byte was taken, and throws if that will not happen.
 * Throws `not-found`, `ambiguous-name`, `password-weak`, `invalid-argument`, `record-unreadable`.
 */
export async function exportKeys(
  ports: TransferPorts,
  caller: Caller,
  request: ExportRequest,
  deliver: (underWay: FileUnderWay) => Promise<void>,
): Promise<{ readonly exported: number }> {
  const selected = await selectKeys(ports, request);
  const to = await sealedTo(request);
  const seal = await prepareSeal(to, ports);
  const bytesExpected = await expectedBytes(selected);
  const id = uuidFrom(ports.random);
  await ports.audit.record({
    event: 'export-started',
    by: caller.name,
    export: id,
    selection: { ...selected.selection },
    sealedTo: to.kind === 'password' ? 'password' : to.recipient,
    keys: selected.count,
  });
  const progress = { keys: 0 };
  const ended = (outcome: 'completed' | 'broken-off') =>
    ports.audit.record({ event: 'export-ended', by: caller.name, export: id, outcome, keys: progress.keys });
  try {
    const lines = linesOf(ports, selected, progress);
    const bytes = seal.seal(withTrailer(lines, (digest) => exportTrailerLine(progress.keys, digest)));
    await deliver({ id, keys: selected.count, bytesExpected, bytes });
  } catch (error) {
    await ended('broken-off').catch(() => undefined);
    throw error;
  }
  await ended('completed');
  return { exported: selected.count };
}

async function sealedTo({ password, recipient }: ExportRequest): Promise<SealedTo> {
  if (password !== undefined) {
    await requireStrongPassword(password);
    return { kind: 'password', password: KeyMaterial.fromText(password) };
  }
  assert(recipient !== undefined, 'an export has a password or a recipient');
  return { kind: 'recipient', recipient };
}

async function* linesOf(
  { server, clock, barrier }: TransferPorts,
  selected: SelectedKeys,
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
  assert(progress.keys === selected.count, 'an export holds as many keys as were counted');
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
