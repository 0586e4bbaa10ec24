/** The calls of an export, an import or a backup, one after the other, as a client makes them. */
import type { Caller } from '#domain/right.ts';
import type {
  BackupRequest,
  ExportRequest,
  ImportReport,
  ImportRequest,
} from '#protocol/people/routes/transfers.ts';
import type { Backups } from '#server/backup/backups.ts';
import type { Deliver } from '#server/transfer/downloads.ts';
import type { Transfers } from '#server/transfer/transfers.ts';

export async function exportWhole(
  { exports }: Transfers,
  caller: Caller,
  request: ExportRequest,
  deliver: Deliver,
): Promise<void> {
  const { id } = await exports.start(caller, request);
  await exports.download(caller, id, deliver);
}

export async function backupWhole(
  backups: Backups,
  caller: Caller,
  request: BackupRequest,
  deliver: Deliver,
): Promise<void> {
  const { id } = await backups.start(caller, request);
  await backups.download(caller, id, deliver);
}

export interface ImportLife {
  readonly signal: AbortSignal;
  readonly onConfirmed: () => void;
}

export const UNWATCHED_IMPORT: ImportLife = {
  signal: new AbortController().signal,
  onConfirmed: () => {},
};

export async function importWhole(
  { imports }: Transfers,
  caller: Caller,
  { dryRun, ...request }: ImportRequest & { readonly dryRun: boolean },
  file: AsyncIterable<Uint8Array>,
  { signal, onConfirmed }: ImportLife,
): Promise<ImportReport> {
  const { id } = await imports.start(caller, request);
  let found: ImportReport | undefined;
  try {
    found = await imports.upload(caller, id, file, signal);
  } finally {
    if (dryRun || found === undefined) await imports.cancel(caller, id).catch(() => undefined);
  }
  if (dryRun) return found;
  let isConfirmed = false;
  return imports.confirm(caller, id, () => {
    if (!isConfirmed) onConfirmed();
    isConfirmed = true;
  });
}
