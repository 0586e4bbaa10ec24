/**
 * Runs the command line as people do: a process of its own, through `bin/keystair`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');

export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What stands on standard output, as one JSON document. Throws where it is not one. */
  readonly json: () => Record<string, unknown>;
}

interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  /** `bin/keystair` by another way. */
  readonly launcher?: string;
}

interface StartOptions {
  readonly cwd?: string;
  /** A program and its arguments, under which the command runs. */
  readonly under?: readonly string[];
  /** In a process group of its own, with whatever it starts. */
  readonly group?: boolean;
}

/** For commands that stay: the process, its output piped. Whoever starts it ends it. */
export function startKeystair(args: readonly string[], options: StartOptions = {}): ChildProcess {
  const [program, ...before] = [...(options.under ?? []), LAUNCHER];
  return spawn(program, [...before, ...args], {
    cwd: options.cwd,
    detached: options.group === true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function runKeystair(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(options.launcher ?? LAUNCHER, args, { cwd: options.cwd, stdio: 'pipe' });
  // A command that refuses does not read its input.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  return outcomeOf(child);
}

export interface RunningCommand {
  readonly pid: number;
  readonly ended: Promise<Ran>;
}

/** A command that is looked at while it runs. */
export function beginKeystair(args: readonly string[], options: StartOptions = {}): RunningCommand {
  const child = startKeystair(args, options);
  return { pid: child.pid!, ended: outcomeOf(child) };
}

/** A signal to a command that may be over already. */
export function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function outcomeOf(child: ChildProcess): Promise<Ran> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  const ended = await new Promise<Pick<Ran, 'status' | 'signal'>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
  const text = Buffer.concat(stdout).toString('utf8');
  return {
    ...ended,
    stdout: text,
    stderr: Buffer.concat(stderr).toString('utf8'),
    json: () => JSON.parse(text) as Record<string, unknown>,
  };
}
