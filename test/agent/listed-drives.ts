/** A machine that has the drives that a test names: `lsblk` is a stand-in, every other tool is the system's own. */
import { MIB, standIn } from './drives/images.ts';

const SYSTEM = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Folders of tools. @param devices as `lsblk --json` lists them. */
export function listingOf(devices: readonly object[]): readonly string[] {
  return [standIn('lsblk', `printf '%s' '${JSON.stringify({ blockdevices: devices })}'`), ...SYSTEM];
}

export function listing(paths: readonly string[]): readonly string[] {
  return listingOf(paths.map((path) => disk(path)));
}

export function disk(name: string, more: object = {}): object {
  return { name, type: 'disk', size: 32 * MIB, ...more };
}
