/** A command as people run it, through the launcher, with what it cost: time, the processor's time, and peak memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { peakMemoryOf, processorSecondsOf, type Workplace } from '../workplace.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
/** The kernel forgets a process when it ends, so it is asked all along; peak memory never falls. */
const LOOK_MS = 20;

export interface CommandRun {
  readonly document: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly processorSeconds: number;
  /** Bytes; NaN where the kernel does not tell. */
  readonly peakMemory: number;
}

/** Runs `keystair … --json`. Throws unless it ends with 0. */
export async function runCommand(workplace: Workplace, args: readonly string[]): Promise<CommandRun> {
  const begun = performance.now();
  const child = workplace.keep(spawn(LAUNCHER, [...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] }));
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString('utf8')).slice(-4000)));
  let peakMemory = Number.NaN;
  let processorSeconds = Number.NaN;
  const look = setInterval(() => {
    peakMemory = peakMemoryOf(child) ?? peakMemory;
    const seconds = processorSecondsOf(child);
    if (!Number.isNaN(seconds)) processorSeconds = seconds;
  }, LOOK_MS);
  const [status] = (await once(child, 'close')) as [number | null];
  clearInterval(look);
  if (status !== 0)
    throw new Error(`keystair ${args.slice(0, 2).join(' ')} ended with ${status}:\n${stderr}`);
  return {
    document: JSON.parse(stdout) as Record<string, unknown>,
    seconds: (performance.now() - begun) / 1000,
    processorSeconds,
    peakMemory,
  };
}
