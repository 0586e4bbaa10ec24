/** Starting `writer-process.ts`, alone or under another program, and hearing what it acknowledges. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'writer-process.ts');

export interface WriterOptions {
  readonly directory: string;
  readonly first: number;
  readonly works: number;
  readonly rows: number;
  readonly sync?: 'full' | 'off';
  /** A program and its arguments, under which the writer runs. */
  readonly under?: readonly string[];
  /** Whether it reads how many keys there are, all the while. */
  readonly reading?: boolean;
}

export interface Writer {
  readonly process: ChildProcess;
  /** Numbers of the keys it acknowledged, so far. */
  readonly acknowledged: readonly number[];
  /** The most keys that a reader of it was told of. */
  readonly read: () => number;
  /** Resolves when so many are acknowledged, or it has ended. */
  acknowledges(count: number): Promise<void>;
  /** Resolves when it has ended, with its exit code and what it said on standard error. */
  readonly ended: Promise<{ readonly code: number | null; readonly complaint: string }>;
}

export function startWriter(options: WriterOptions): Writer {
  const { directory, first, works, rows, sync = 'full', under = [], reading = false } = options;
  const command = [...under, process.execPath];
  const words = [directory, ...[first, works, rows].map(String), sync, ...(reading ? ['reading'] : [])];
  const args = [...command.slice(1), SCRIPT, ...words];
  const child = spawn(command[0]!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const numbers: number[] = [];
  let rest = '';
  let complaint = '';
  let read = 0;
  let wake = (): void => undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    // A line that was cut off acknowledges nothing.
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('read ')) read = Math.max(read, Number(line.slice('read '.length)));
      else if (line !== 'ready') numbers.push(Number(line));
    }
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
  const state = { over: false };
  const ended = once(child, 'close').then(([code]) => {
    state.over = true;
    wake();
    return { code: code as number | null, complaint };
  });
  return {
    process: child,
    acknowledged: numbers,
    read: () => read,
    async acknowledges(count) {
      while (!state.over && numbers.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    ended,
  };
}
