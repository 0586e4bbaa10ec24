/**
 * The removable disks that are plugged in, each with its partitions, as `lsblk` lists them.
 *
 * Invariant: a disk that the system runs from is none of them, however it is plugged in: nothing is ever done to it.
 */
import { BOOT_MOUNTS, devicesIn, isTrue, listBlockDevices, textOf } from '../drives/find-drives.ts';
import type { ToolOptions } from '../drives/run-tool.ts';

export interface PluggedDisk {
  readonly path: string;
  /** The disk's own path and those of its partitions. */
  readonly paths: readonly string[];
  /** Those that may hold a volume: the partitions, or the disk where it has none. */
  readonly volumes: readonly string[];
  readonly serial: string | undefined;
  readonly model: string | undefined;
  /** Something is mounted or opened from it. */
  readonly inUse: boolean;
}

/** Where a system keeps what it runs from. */
const SYSTEM_MOUNTS: ReadonlySet<unknown> = new Set([...BOOT_MOUNTS, '/', '/usr', '/var', '/home', '[SWAP]']);

/** Throws `tool-missing`, `tool-failed`. */
export async function pluggedDisks(
  options: Pick<ToolOptions, 'folders' | 'signal'> = {},
): Promise<readonly PluggedDisk[]> {
  const listed = await listBlockDevices('NAME,TYPE,SIZE,SERIAL,MODEL,RM,HOTPLUG,MOUNTPOINT', options);
  return listed.flatMap((device): PluggedDisk[] => {
    const { name, type } = device;
    const isRemovable = isTrue(device['rm']) || isTrue(device['hotplug']);
    // A reader without a card has no size.
    if (typeof name !== 'string' || type !== 'disk' || !isRemovable || Number(device['size']) <= 0) return [];
    const within = [...descendants(device)];
    const mounts = [device, ...within]
      .map(({ mountpoint }) => mountpoint)
      .filter((mount) => typeof mount === 'string');
    if (mounts.some((mount) => SYSTEM_MOUNTS.has(mount))) return [];
    const partitions = within.filter((one) => one['type'] === 'part').map((one) => String(one['name']));
    return [
      {
        path: name,
        paths: [name, ...partitions],
        volumes: partitions.length === 0 ? [name] : partitions,
        serial: textOf(device['serial']) ?? undefined,
        model: textOf(device['model']) ?? undefined,
        inUse: mounts.length > 0 || within.some((one) => one['type'] !== 'part'),
      },
    ];
  });
}

function* descendants(device: Record<string, unknown>): Generator<Record<string, unknown>> {
  for (const one of devicesIn(device['children'])) {
    yield one;
    yield* descendants(one);
  }
}
