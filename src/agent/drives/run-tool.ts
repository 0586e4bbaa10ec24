/**
 * Runs a system tool for drives. Secrets go through a pipe to its standard input, never into arguments or environment,
 * where every process of the machine could read them.
 *
 * Tools are looked for in the system's folders and not on PATH: the agent runs as root, and anybody may have set PATH.
 * The environment is built here, so nothing of ours reaches the tools and they answer in English.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { KeystairError } from '#domain/errors.ts';
import { TOOL_OUTPUT_BYTES_MAX } from '#domain/limits.ts';

/** Most users have no `sbin` on their PATH; NixOS keeps its tools in the last folder. */
export const TOOL_FOLDERS: readonly string[] = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/run/current-system/sw/bin',
];

export interface ToolRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  /** Written to standard input, which is then closed. Not overwritten here: it belongs to the caller. */
  readonly input?: Uint8Array | undefined;
  /** The file that the tool works on: it finds it at `HANDED_FILE`, whatever its name, if any. */
  readonly file?: FileHandle | undefined;
  /** How much of either output is kept. */
  readonly outputBytesMax?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly folders?: readonly string[] | undefined;
}

/** A tool that was asked to stop and does not, for instance one that waits for a broken drive, is killed after this. */
const STOP_MS = 2000;

/** A tool opens `file` again by this path, like any other. */
export const HANDED_FILE = '/proc/self/fd/3';

/** The tool's path, or undefined where the system does not have it. */
export async function findTool(
  name: string,
  folders: readonly string[] = TOOL_FOLDERS,
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not here; try the next folder.
    }
  }
  return undefined;
}

/** Keeps the beginning of a tool's output and reads on, so that the tool never waits for us. */
function collect(stream: Readable, bytesMax: number): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, bytesMax - bytes);
    bytes += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/**
 * Runs to the end and returns any exit code; killed by a signal counts as -1. Throws `interrupted` when aborted, after
 * the tool has ended.
 */
export async function runTool(
  path: string,
  args: readonly string[],
  { input, file, outputBytesMax = TOOL_OUTPUT_BYTES_MAX, signal, folders = TOOL_FOLDERS }: ToolOptions,
): Promise<ToolRun> {
  const ended = () =>
    new KeystairError('interrupted', 'stopped before it was done', { nextStep: 'run the command again' });
  const stopped = () => signal?.aborted === true;
  if (stopped()) throw ended();
  // Its own process group: Ctrl-C on a terminal reaches us, and we decide whether the tool may be stopped.
  const child = spawn(path, args, {
    stdio: ['pipe', 'pipe', 'pipe', file?.fd ?? 'ignore'],
    env: { PATH: folders.join(':'), LC_ALL: 'C' },
    cwd: '/',
    detached: true,
  }) as ChildProcessWithoutNullStreams;
  // The whole group: what the tool started would keep its output open.
  const kill = (signalName: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signalName);
    } catch {
      // It has ended.
    }
  };
  let last: NodeJS.Timeout | undefined;
  const stop = (): void => {
    kill('SIGTERM');
    last = setTimeout(() => kill('SIGKILL'), STOP_MS);
  };
  signal?.addEventListener('abort', stop, { once: true });
  const stdout = collect(child.stdout, outputBytesMax);
  const stderr = collect(child.stderr, outputBytesMax);
  // A tool that fails early does not read its input; its exit code says why.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? new Uint8Array(0));
  try {
    const exitCode = await new Promise<number>((done, failed) => {
      child.once('error', failed);
      child.once('close', (code) => done(code ?? -1));
    });
    if (stopped()) throw ended();
    return { exitCode, stdout: stdout(), stderr: stderr() };
  } finally {
    signal?.removeEventListener('abort', stop);
    clearTimeout(last);
  }
}
