/**
 * The block devices of this machine that may hold data of their own, as `lsblk` lists them: whole disks, partitions,
 * volumes. What is opened from one of them, and a disk that only holds partitions, is left out.
 */
import { isObject, type JsonBounds, parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { findTool, runTool, type ToolOptions } from './run-tool.ts';

/** Some thousand drives at 200 bytes each; in bytes. */
const LIST_BYTES_MAX = 1024 * 1024;
/** Volumes stand in each other: disk, partition, RAID, LVM, and a list in an object at each level. */
const LIST_JSON: JsonBounds = { length: LIST_BYTES_MAX, depth: 64, values: 100_000 };

/** Of an encrypted drive: what was opened from it. */
const OPENED = 'crypt';
const NO_DRIVES: ReadonlySet<string> = new Set([OPENED, 'rom']);

/** A block device, and what tells it from others before anybody reads it. */
export interface FoundDrive {
  readonly path: string;
  /** Of the disk, also where this is a partition of it. */
  readonly serial: string | null;
  readonly model: string | null;
  /** The medium or the whole drive can be pulled out: a card, a stick, a disk on USB. */
  readonly removable: boolean;
  /** Firmware or boot loader read it before anything can be decrypted, or nothing can be written to it. */
  readonly exempt: boolean;
}

/** Where firmware looks for a boot loader: EFI, and what GRUB needs on a disk without it. */
const BOOT_PARTITIONS: ReadonlySet<unknown> = new Set([
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  '21686148-6449-6e6f-744e-656564454649',
  'bc13c2ff-59e6-4262-a352-b275fd6f7172',
  '0xef',
]);
export const BOOT_MOUNTS: ReadonlySet<unknown> = new Set(['/boot', '/boot/efi', '/efi']);

/** What a disk says of itself, in characters; longer text is cut. A drive is somebody else's, and may say anything. */
const SAID_LENGTH_MAX = 128;

const DRIVE_COLUMNS = 'NAME,TYPE,SIZE,SERIAL,MODEL,RM,HOTPLUG,RO,PARTTYPE,MOUNTPOINT';

/** In lsblk's order. Throws `tool-missing`, `tool-failed`. */
export async function findDrives(
  options: Pick<ToolOptions, 'folders' | 'signal'> = {},
): Promise<readonly FoundDrive[]> {
  const listed = await listBlockDevices(DRIVE_COLUMNS, options);
  const found = [...drivesIn(listed, { serial: null, model: null, removable: false })];
  // A volume on several disks is listed below each of them.
  return [...new Map(found.map((drive) => [drive.path, drive])).values()];
}

/** @param columns of lsblk's; each device holds what is within it as `children`. Throws `tool-missing`, `tool-failed`. */
export async function listBlockDevices(
  columns: string,
  options: Pick<ToolOptions, 'folders' | 'signal'>,
): Promise<readonly Record<string, unknown>[]> {
  const lsblk = await findTool('lsblk', options.folders);
  if (lsblk === undefined) {
    throw new KeystairError(
      'tool-missing',
      'listing drives needs the program lsblk, which is not installed',
      {
        nextStep: 'install util-linux',
      },
    );
  }
  const args = ['--json', '--bytes', '--paths', '--output', columns];
  const run = await runTool(lsblk, args, { ...options, outputBytesMax: LIST_BYTES_MAX });
  try {
    if (run.exitCode !== 0) throw new Error(`exit code ${run.exitCode}`);
    const listed = parseJson(run.stdout, LIST_JSON);
    if (!isObject(listed)) throw new Error('it is no object');
    return devicesIn(listed['blockdevices']);
  } catch (cause) {
    throw new KeystairError('tool-failed', 'lsblk did not list the drives of this machine', {
      nextStep: 'install a current util-linux, and try again',
      cause,
    });
  }
}

/** A list of devices, as lsblk has it; empty where it is none. */
export function devicesIn(listed: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(listed) ? listed.filter(isObject) : [];
}

type Said = Omit<FoundDrive, 'path' | 'exempt'>;

function* drivesIn(devices: readonly Record<string, unknown>[], outer: Said): Generator<FoundDrive> {
  for (const device of devices) {
    const { name, type, size } = device;
    const within = devicesIn(device['children']);
    const isOuter = within.some((one) => one['type'] !== OPENED);
    const isDrive = typeof type === 'string' && !NO_DRIVES.has(type) && Number(size) > 0;
    const said: Said = {
      serial: textOf(device['serial']) ?? outer.serial,
      model: textOf(device['model']) ?? outer.model,
      removable: outer.removable || isTrue(device['rm']) || isTrue(device['hotplug']),
    };
    if (typeof name === 'string' && isDrive && !isOuter)
      yield { path: name, ...said, exempt: isExempt(device) };
    // What is within an opened drive is that drive's own.
    if (type !== OPENED) yield* drivesIn(within, said);
  }
}

function isExempt({ ro, parttype, mountpoint }: Record<string, unknown>): boolean {
  return isTrue(ro) || BOOT_PARTITIONS.has(parttype) || BOOT_MOUNTS.has(mountpoint);
}

/** What a disk says of itself, without what would move a cursor; null where it says nothing. */
export function textOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.replace(/\p{Cc}/gu, '').trim();
  return text === '' ? null : text.slice(0, SAID_LENGTH_MAX);
}

/** lsblk before 2.33 printed "1". */
export function isTrue(value: unknown): boolean {
  return value === true || value === '1';
}
