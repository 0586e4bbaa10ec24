/**
 * Where a run of crashes works: one folder, and whatever was started or mounted. Invariant: when the run is over,
 * however it ends, nothing of it runs and nothing is mounted; the folder stays only where a promise was broken, for
 * whoever looks into it.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processState } from './process-state.ts';

/** Of what a process wrote to standard error, so much is told of it. */
const LOG_CHARACTERS = 2000;

interface Kept {
  readonly group: boolean;
  log: string;
}

export interface Workplace {
  readonly folder: string;
  /** A folder in it, never given before. */
  makeFolder(name: string): string;
  /** Ends the process, and those of its group where it has one, with the run at the latest. */
  keep(started: ChildProcess, options?: { readonly group: boolean }): void;
  /** What each process that is kept waits for, and what it wrote to standard error last. */
  describe(): string;
  /** Called at the end, last given first, after the processes. */
  atTheEnd(close: () => void): () => void;
  clear(options?: { readonly keepFolder: boolean }): void;
}

export function openWorkplace(): Workplace {
  // As the kernel names it, which strace and mount tables go by.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keystair-crashes-')));
  const running = new Map<ChildProcess, Kept>();
  let closings: (() => void)[] = [];
  let folders = 0;

  const endProcesses = (): void => {
    for (const [started, { group }] of running) {
      started.kill('SIGKILL');
      if (group) killGroup(started);
    }
    running.clear();
  };
  const clear = ({ keepFolder = false }: { keepFolder?: boolean } = {}): void => {
    process.off('exit', clearAtExit);
    endProcesses();
    for (const close of closings.toReversed()) close();
    closings = [];
    if (!keepFolder) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  const clearAtExit = (): void => clear();
  process.once('exit', clearAtExit);

  return {
    folder,
    makeFolder(name) {
      folders += 1;
      const path = join(folder, `${folders}-${name}`);
      mkdirSync(path);
      return path;
    },
    keep(started, { group } = { group: false }) {
      const kept: Kept = { group, log: '' };
      running.set(started, kept);
      started.stderr?.on('data', (chunk: Buffer) => {
        kept.log = (kept.log + chunk.toString('utf8')).slice(-LOG_CHARACTERS);
      });
      started.once('close', () => running.delete(started));
    },
    describe() {
      const told = [...running].map(([{ pid, spawnargs }, { log }]) => {
        const state = pid === undefined ? 'never began' : processState(pid);
        return `${state}\n${spawnargs.join(' ')}\n${log}`;
      });
      return told.length === 0 ? 'no process of the run is left' : told.join('\n');
    },
    atTheEnd(close) {
      closings.push(close);
      return () => {
        closings = closings.filter((one) => one !== close);
      };
    },
    clear,
  };
}

/** SIGKILL to what the process started, itself included, where it was started as the first of a group. */
export function killGroup(started: ChildProcess): void {
  try {
    if (started.pid !== undefined) process.kill(-started.pid, 'SIGKILL');
  } catch {
    // All of it is over.
  }
}
