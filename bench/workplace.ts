/**
 * Where a run works: a folder of its own and the processes it started. Invariant: when the run is over, however it
 * ends, both are gone; and no process is ended but by the id it was started under.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Workplace {
  readonly folder: string;
  /** Where servers leave profiles, if they shall. */
  readonly profile: string | undefined;
  /** A path in the folder, never given before. */
  place(name: string): string;
  /** Ends the process with the run at the latest. */
  keep(started: ChildProcess): ChildProcess;
  /** Ends every process and removes the folder. */
  clear(): void;
}

export async function openWorkplace(profile: string | undefined): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'keystair-bench-'));
  const running = new Set<ChildProcess>();
  let places = 0;
  const clear = (): void => {
    for (const one of running) one.kill('SIGKILL');
    running.clear();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  process.once('exit', clear);
  // Each time: one that npm passes on comes twice, and must not end what clears up.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
  return {
    folder,
    profile,
    place: (name) => join(folder, `${(places += 1)}-${name}`),
    keep(started) {
      running.add(started);
      started.once('exit', () => running.delete(started));
      return started;
    },
    clear,
  };
}

/** The most memory a process ever held, in bytes; undefined where the kernel does not tell, or it is gone. */
export function peakMemoryOf(started: ChildProcess): number | undefined {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(started, 'status'));
  return line === null ? undefined : Number(line[1]) * 1024;
}

const TICKS_A_SECOND = 100;

/** Processor time a process has used, in seconds; NaN where the kernel does not tell. */
export function processorSecondsOf(started: ChildProcess): number {
  // What follows the name, which may hold spaces: state is field 3, user and system time fields 14 and 15.
  const fields = readProc(started, 'stat').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function readProc(started: ChildProcess, name: string): string {
  try {
    return readFileSync(`/proc/${started.pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
