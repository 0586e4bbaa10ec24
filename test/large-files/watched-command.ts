/** A command that takes its file on standard input or gives it on standard output, with its memory at the largest. */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { largestMemoryOf } from './largest-memory.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
/** The kernel forgets a process when it ends, so it is asked all along; what was largest never falls. */
const LOOK_MS = 50;

export interface WatchedCommand {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly largest: number;
  readonly seconds: number;
}

/**
 * @param input what comes on standard input.
 * @param take what standard output is for, where it is a file and not a document.
 */
export async function runWatched(
  args: readonly string[],
  { input, take }: { input?: AsyncIterable<Uint8Array>; take?: (output: Readable) => Promise<void> },
): Promise<WatchedCommand> {
  const begun = performance.now();
  const child = spawn(LAUNCHER, args, { stdio: 'pipe' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let stdout = '';
  let stderr = '';
  let largest = 0;
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  if (take === undefined) child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  const look = setInterval(() => (largest = largestMemoryOf(child.pid!) ?? largest), LOOK_MS);
  const closed = once(child, 'close');
  // A command that refuses lets go of its input.
  const given = pipeline(Readable.from(input ?? []), child.stdin).catch(() => undefined);
  await Promise.all([given, take?.(child.stdout)]);
  const [status] = (await closed) as [number | null];
  clearInterval(look);
  process.off('exit', kill);
  return { status, stdout, stderr, largest, seconds: (performance.now() - begun) / 1000 };
}
