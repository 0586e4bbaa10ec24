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

/** Paths, in lsblk's order. Throws `tool-missing`, `tool-failed`. */
export async function findDrives(
  options: Pick<ToolOptions, 'folders' | 'signal'> = {},
): Promise<readonly string[]> {
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
  const args = ['--json', '--bytes', '--paths', '--output', 'NAME,TYPE,SIZE'];
  const run = await runTool(lsblk, args, { ...options, outputBytesMax: LIST_BYTES_MAX });
  try {
    if (run.exitCode !== 0) throw new Error(`exit code ${run.exitCode}`);
    const listed = parseJson(run.stdout, LIST_JSON);
    if (!isObject(listed)) throw new Error('it is no object');
    return [...new Set(pathsIn(listed['blockdevices']))];
  } catch (cause) {
    throw new KeystairError('tool-failed', 'lsblk did not list the drives of this machine', {
      nextStep: 'install a current util-linux, and try again',
      cause,
    });
  }
}

function* pathsIn(devices: unknown): Generator<string> {
  if (!Array.isArray(devices)) return;
  for (const device of devices.filter(isObject)) {
    const { name, type, size } = device;
    const listed = device['children'];
    const within = Array.isArray(listed) ? listed.filter(isObject) : [];
    const isOuter = within.some((one) => one['type'] !== OPENED);
    const isDrive = typeof type === 'string' && !NO_DRIVES.has(type) && Number(size) > 0;
    if (typeof name === 'string' && isDrive && !isOuter) yield name;
    // What is within an opened drive is that drive's own.
    if (type !== OPENED) yield* pathsIn(within);
  }
}
