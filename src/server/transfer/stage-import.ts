/**
 * Staging: an import's keys are sealed and set aside while the file is read, so that nothing is recorded before the
 * whole file proved good, and nothing is ever on the disk in the clear.
 *
 * Invariant: a stage without a confirmation is worthless; any process that finds one drops it.
 */
import type { OpenExportKeys } from '#crypto/export-envelope/open-export.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { KeystairError } from '#domain/errors.ts';
import { exportInvalid, type ExportHeader } from '#domain/export-file.ts';
import { IMPORT_CONFLICTS_MAX, TRANSFER_PAGE_KEYS } from '#domain/limits.ts';
import type { Scope } from '#domain/scope.ts';
import type { StagedKey } from '#store/rows.ts';
import type { Store } from '#store/store.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { sealedRow } from '../records/record-keys.ts';
import { isDiskLow } from '../repository/low-disk.ts';
import { DevicesInScope } from './devices-in-scope.ts';
import { readExportFile } from './read-export-file.ts';
import type { TransferPorts } from './transfer-ports.ts';

/** The contents of a whole file, compared with this repository. */
export interface Staged {
  readonly from: ExportHeader['server'];
  readonly new: number;
  readonly known: number;
  /** Ids that are here with other content. What is here stays. */
  readonly conflicts: readonly string[];
  /** Keys that a repair waits for: they go into their damaged rows when the file is confirmed. */
  readonly wanted: readonly CheckedKey[];
  /** Keys left out: the importer's right is limited, and their devices are outside. */
  readonly outside: number;
  /** The devices of the others, where the right is limited. */
  readonly devices: ReadonlySet<string>;
}

/** Held in memory at once: some megabytes. */
const WANTED_MAX = 4000;

export function importedFrom(importId: string): string {
  return `import:${importId}`;
}

/**
 * Stages a file whole, or throws `export-unreadable`, `file-damaged`, `export-invalid`, `export-version`,
 * `export-conflict`, `disk-low`, `disk-full`, `interrupted`. The caller must then drop what was staged so far.
 */
export async function stageImport(
  ports: TransferPorts,
  importId: string,
  scope: Scope,
  file: AsyncIterable<Uint8Array>,
  keys: OpenExportKeys,
  signal: AbortSignal,
): Promise<Staged> {
  const { store } = ports;
  const counts = { new: 0, known: 0 };
  const conflicts: string[] = [];
  const wanted: CheckedKey[] = [];
  const limits = new DevicesInScope(ports, scope);
  let from: ExportHeader['server'] | undefined;
  // One page is written while the next is read and sealed: disk and processor work in parallel.
  let writing: Promise<string | undefined> = Promise.resolve(undefined);
  const written = async (): Promise<void> => requireNoneTwice(await writing);
  try {
    for await (const page of readExportFile(openExport(file, keys))) {
      if (signal.aborted) throw importInterrupted();
      await requireSpace(ports);
      from = page.header.server;
      const keysOfPage = await limits.keep(page.keys);
      const known = await store.reader.knownKeys(keysOfPage.map(({ complete }) => complete.key.id));
      if (!ports.wanted.none && wanted.length < WANTED_MAX) {
        wanted.push(...keysOfPage.filter((key) => ports.wanted.takes(key)));
      }
      const recordedAt = ports.clock();
      const rows = keysOfPage.map((checked): StagedKey => {
        const there = known.get(checked.complete.key.id);
        if (there === undefined) {
          counts.new += 1;
          return sealedRow(ports.barrier, checked, importedFrom(importId), recordedAt);
        }
        // At a damaged number, the digest itself may be the altered part.
        const same = Buffer.compare(there.digest, checked.digest) === 0 || ports.wanted.has(there.seq);
        if (same) counts.known += 1;
        else conflicts.push(checked.complete.key.id);
        return forIdOnly(checked, recordedAt);
      });
      if (conflicts.length > IMPORT_CONFLICTS_MAX) throw tooManyConflicts();
      await written();
      writing = store.write((transaction) => transaction.stageKeys(importId, rows));
      // The failure surfaces in `written`, or was preceded by another one.
      writing.catch(() => undefined);
    }
    await written();
  } finally {
    // A write that ends after the stage was dropped would leave its rows.
    await writing.catch(() => undefined);
  }
  if (from === undefined) throw importInterrupted();
  return { from, ...counts, conflicts, wanted, outside: limits.outside, devices: limits.devices };
}

/** @param twice a key that was already staged. */
function requireNoneTwice(twice: string | undefined): void {
  if (twice !== undefined) throw exportInvalid(`key ${twice} is in the file more than once`);
}

function forIdOnly({ complete, digest }: CheckedKey, recordedAt: number): StagedKey {
  const { id, device } = complete.key;
  return { id, digest, deviceId: device.id, fields: '', sealed: new Uint8Array(0), recordedAt };
}

export function importInterrupted(): KeystairError {
  return new KeystairError('interrupted', 'the import was stopped before the file was complete', {
    nextStep: 'nothing was imported; run the command again',
  });
}

function tooManyConflicts(): KeystairError {
  return new KeystairError(
    'export-conflict',
    `more than ${IMPORT_CONFLICTS_MAX} keys of the file are here with different content`,
    { nextStep: 'nothing was imported; first find out who made this file' },
  );
}

/** The last space is for the keys of this server's own devices. */
async function requireSpace({ store }: TransferPorts): Promise<void> {
  if (!(await isDiskLow(store))) return;
  throw new KeystairError('disk-low', 'too little disk space is left on the server for an import', {
    nextStep: 'nothing was imported; free some space and run the command again',
  });
}

/** Drops piece by piece, so that other work runs between. */
export async function dropStage(store: Store, importId: string): Promise<void> {
  for (;;) {
    const dropped = await store.write((transaction) => transaction.dropStaged(importId, TRANSFER_PAGE_KEYS));
    if (dropped < TRANSFER_PAGE_KEYS) return;
  }
}
