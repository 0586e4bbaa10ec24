/**
 * The control of the power cuts: the same disk, the same cut, and a store that does not sync. It must lose what it
 * acknowledged, else a cut proves nothing; and the same store with its syncs must not.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { keyId } from '#test/store/stored-rows.ts';
import { startWriter } from '#test/store/writing-child.ts';
import { openDiskImage } from './disk-image.ts';
import type { Workplace } from './workplace.ts';

const KEYS = 300;
const IMAGE_BYTES = 64 * 1024 * 1024;

export interface Control {
  readonly acknowledged: number;
  readonly lost: number;
}

/** How many keys a store loses at a cut that it had acknowledged. */
export async function cutWriter(workplace: Workplace, sync: 'full' | 'off'): Promise<Control> {
  // The kernel brings nothing to the disk by itself for as long as this takes.
  const disk = openDiskImage(workplace, `control-${sync}`, {
    bytes: IMAGE_BYTES,
    mountOptions: ['commit=300'],
  });
  const directory = join(disk.path, 'data');
  const writer = startWriter({ directory, first: 0, works: 4, rows: 1, sync });
  workplace.keep(writer.process);
  await writer.acknowledges(KEYS);
  writer.process.kill('SIGKILL');
  await writer.ended;
  await disk.cut();
  const store = await openSqliteStore({
    directory,
    auditReserveBytes: 0,
    onFatal: (error) => {
      throw error;
    },
  });
  const there = await store.reader.knownKeys(writer.acknowledged.map(keyId));
  await store.close();
  disk.close();
  const acknowledged = writer.acknowledged.length;
  return { acknowledged, lost: acknowledged - there.size };
}

/** Asserts that the cut can tell the two apart. @returns what the store without syncs lost. */
export async function checkControl(workplace: Workplace): Promise<Control> {
  const { lost } = await cutWriter(workplace, 'full');
  assert.equal(lost, 0, 'a store that syncs lost what it had acknowledged');
  const control = await cutWriter(workplace, 'off');
  assert.ok(control.lost > 0, 'a store that does not sync lost nothing: these cuts prove nothing');
  return control;
}
