/**
 * The one way to `cryptsetup`: every command gets its input through a pipe, and its exit codes become our failures.
 *
 * Exit codes (cryptsetup(8)): 1 wrong parameters, 2 no permission (bad passphrase), 3 out of memory, 4 wrong device, 5
 * device exists already or is busy.
 */
import { KeystairError } from '#domain/errors.ts';
import { findTool, HANDED_FILE, runTool, type ToolOptions, type ToolRun } from './run-tool.ts';

/** cryptsetup refuses a passphrase, or the keyslot to try it on does not exist. */
export const EXIT_NO_PERMISSION = 2;

const SAID_LENGTH_MAX = 300;

const NEXT_STEPS: Readonly<Record<number, string>> = {
  3: 'free some memory and try again',
  4: 'check the path and its permissions (drives need root)',
  5: 'unmount or close the drive first',
};

/** A tool's standard error, in one line that fits a message. */
export function said({ stderr }: ToolRun): string {
  // A drive's label may send control characters to a terminal.
  const line = stderr
    .trim()
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll(HANDED_FILE, "(a private copy of the drive's header)");
  return line.length > SAID_LENGTH_MAX ? `${line.slice(0, SAID_LENGTH_MAX)}…` : line;
}

/** @param args the command first. Never a secret: arguments show in process lists. */
export async function runCryptsetup(args: readonly string[], options: ToolOptions = {}): Promise<ToolRun> {
  const path = await findTool('cryptsetup', options.folders);
  if (path === undefined) {
    throw new KeystairError('tool-missing', 'drives need the program cryptsetup, which is not installed', {
      nextStep: 'install cryptsetup (for instance `apt install cryptsetup-bin`, `dnf install cryptsetup`)',
    });
  }
  return runTool(path, args, options);
}

/** The failure of a run for whose exit code the caller has no better name. */
export function cryptsetupFailure(command: string, run: ToolRun): KeystairError {
  const why = said(run);
  return new KeystairError(
    'tool-failed',
    `cryptsetup ${command} failed with exit code ${run.exitCode}${why === '' ? '' : `: ${why}`}`,
    { nextStep: NEXT_STEPS[run.exitCode] ?? 'check the system log for errors of the drive' },
  );
}

/** Runs, and throws `tool-failed` unless it succeeds. */
export async function mustCryptsetup(args: readonly string[], options: ToolOptions = {}): Promise<ToolRun> {
  const run = await runCryptsetup(args, options);
  if (run.exitCode !== 0) throw cryptsetupFailure(args[0]!, run);
  return run;
}

/** Throws `tool-missing`: better now than after a key was made for nothing. */
export async function checkCryptsetupThere(signal?: AbortSignal): Promise<void> {
  await mustCryptsetup(['--version'], { signal });
}
