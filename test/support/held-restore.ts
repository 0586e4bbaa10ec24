/** `server restore` and the drill of `server backup --check`, held and looked at in the middle. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { holdBack } from './held-pipe.ts';
import { beginKeystair, type RunningCommand } from './run-keystair.ts';
import { lookAtImport } from './staged-look.ts';

/** How many keys are restored into the directory. */
export function restoredKeys(directory: string): number {
  if (!existsSync(join(directory, 'keystair.db'))) return 0;
  try {
    return lookAtImport(directory).recorded;
  } catch {
    // Its tables are not there yet.
    return 0;
  }
}

export interface HeldRestore extends RunningCommand {
  /** Lets the rest of the backup through. */
  readonly finish: () => void;
}

let held = 0;

/**
 * Begins a command that reads the backup through a pipe, and returns when it has restored some keys of the first half
 * and waits for the rest.
 *
 * @param args of the command that reads from that path.
 * @param directory where it restores, asked for again and again.
 */
export async function heldInTheMiddle(
  backup: string,
  args: (from: string) => readonly string[],
  directory: () => string,
): Promise<HeldRestore> {
  const pipe = `${backup}.pipe-${(held += 1)}`;
  const { taken, finish } = holdBack(backup, pipe, Math.floor(statSync(backup).size / 2));
  const command = beginKeystair(args(pipe));
  await taken;
  await eventually('restored keys', () => restoredKeys(directory()) > 0);
  return { ...command, finish };
}
