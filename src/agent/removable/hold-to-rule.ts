/**
 * Carries out the rule of one removable disk.
 *
 * Invariant: nothing is written to the disk, and it never is formatted. A disk whose rule cannot be carried out is not
 * left as if it were allowed: that is told.
 */
import { access, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { RemovableDriveRule } from '#domain/policy/settings.ts';
import { isLuks1 } from '../drives/luks2/luks2-header.ts';
import { findTool, runTool, type ToolOptions } from '../drives/run-tool.ts';
import type { PluggedDisk } from './plugged-disks.ts';
import type { Done, Outcome } from './removable-words.ts';

export interface HoldOptions extends Pick<ToolOptions, 'folders' | 'signal'> {
  /** Proves that the volume at this path opens with a key in custody; throws why it does not. */
  readonly prove: (path: string) => Promise<unknown>;
  /** Where the kernel shows its devices. */
  readonly kernelFolder?: string | undefined;
}

/** @param before what was done with it under an earlier rule. Throws `tool-missing`, `tool-failed`, `interrupted`. */
export async function holdToRule(
  disk: PluggedDisk,
  rule: RemovableDriveRule,
  before: Done | undefined,
  options: HoldOptions,
): Promise<Outcome> {
  switch (rule) {
    case 'leave':
      // What was taken is given back; a switch on the stick itself stays as it is.
      if (before !== undefined && MADE_READ_ONLY.has(before)) await setReadOnly(disk.paths, false, options);
      return { done: 'left' };
    case 'read-only':
      await setReadOnly(disk.paths, true, options);
      return { done: 'made read-only' };
    case 'encrypt-before-writing': {
      // First read-only: finding out what it is may take as long as a server takes to answer.
      await setReadOnly(disk.paths, true, options);
      const lacking = await firstLacking(disk, options);
      if (lacking === undefined) await setReadOnly(disk.paths, false, options);
      return lacking ?? { done: 'in custody' };
    }
    case 'refuse':
      if (disk.inUse) return { done: 'in use' };
      await setReadOnly(disk.paths, true, options);
      return { done: (await shutOut(disk.path, options)) ? 'shut out' : 'only read-only' };
  }
}

const MADE_READ_ONLY: ReadonlySet<Done> = new Set([
  'made read-only',
  'not encrypted',
  'not in custody',
  'unproved',
  'only read-only',
]);

/** One volume in custody beside one that is not is no reason to write to the other. */
async function firstLacking(
  { path: disk, volumes }: PluggedDisk,
  { prove }: HoldOptions,
): Promise<Outcome | undefined> {
  for (const path of volumes) {
    try {
      await prove(path);
    } catch (error) {
      if (codeOf(error) === 'interrupted' || !(error instanceof KeystairError)) throw error;
      if (isLuks1(error) || error.code === 'drive-no-token') return { done: 'not in custody', at: path };
      if (error.code === 'drive-not-luks') return { done: 'not encrypted', at: disk };
      return { done: 'unproved', at: path, because: error.sentence };
    }
  }
  return undefined;
}

/** A partition does not follow its disk: the kernel keeps it for each. */
async function setReadOnly(
  paths: readonly string[],
  readOnly: boolean,
  { folders, signal }: HoldOptions,
): Promise<void> {
  const blockdev = await findTool('blockdev', folders);
  if (blockdev === undefined) {
    throw new KeystairError(
      'tool-missing',
      'removable drives need the program blockdev, which is not installed',
      { nextStep: 'install util-linux' },
    );
  }
  const args = [readOnly ? '--setro' : '--setrw', ...paths];
  const run = await runTool(blockdev, args, { folders, signal });
  if (run.exitCode === 0) return;
  throw new KeystairError('tool-failed', `blockdev could not make ${paths.join(', ')} read-only`, {
    nextStep: 'pull the drive out; run the agent as root',
  });
}

/**
 * Switches the USB device off that the disk is, and where it is none has the kernel let go of the disk.
 *
 * @returns whether the disk is gone.
 */
async function shutOut(path: string, { kernelFolder = '/sys' }: HoldOptions): Promise<boolean> {
  const described = join(kernelFolder, 'class/block', basename(path));
  try {
    for (let folder = await realpath(described); folder !== '/'; folder = dirname(folder)) {
      // The nearest one is the stick itself. Its interfaces can be switched off too, but have no maker.
      if (await areThere(folder, ['idVendor', 'authorized'])) {
        await writeFile(join(folder, 'authorized'), '0', { flag: 'r+' });
        return true;
      }
    }
    await writeFile(join(described, 'device/delete'), '1', { flag: 'r+' });
    return true;
  } catch {
    // No such switch, or the kernel does not let go; the disk is read-only.
    return false;
  }
}

async function areThere(folder: string, names: readonly string[]): Promise<boolean> {
  const found = await Promise.allSettled(names.map((name) => access(join(folder, name))));
  return found.every(({ status }) => status === 'fulfilled');
}
