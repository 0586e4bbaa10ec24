/**
 * Making a system call of a real process fail: strace stands beside it, counts each call of each thread on the files of
 * a data directory, and lets the n-th fail without making it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#test/support/eventually.ts';

export const FAILING = ['write', 'sync', 'open', 'read'] as const;
export type Failing = (typeof FAILING)[number];

export const CALLS: Readonly<Record<Failing, readonly string[]>> = {
  write: ['write', 'pwrite64', 'writev', 'pwritev', 'ftruncate', 'fallocate'],
  sync: ['fsync', 'fdatasync'],
  open: ['openat'],
  read: ['read', 'pread64', 'readv', 'preadv'],
};

const FILES = [
  'keystair.db',
  'keystair.db-wal',
  'keystair.db-shm',
  'keystair.db-journal',
  'keystair.lock',
  'audit-reserve',
  'root.key',
];

export interface Fault {
  readonly failing: Failing;
  /** One of its calls. */
  readonly call: string;
  /** The call is not made; with the signal, because the process ends at it. */
  readonly error: 'EIO' | 'ENOSPC' | 'SIGKILL';
  readonly n: number;
  /** It and all that follow it, or it alone. */
  readonly lasting: boolean;
}

export function sayFault({ call, error, n, lasting }: Fault): string {
  const how = error === 'SIGKILL' ? 'ends the process' : `fails with ${error}`;
  return `${call} ${n}${lasting ? ' and all after it' : ''} ${how}`;
}

/** Each call that is looked at costs the process time: no more are than the judge of this fault needs to know. */
function seen(fault: Fault | undefined): readonly Failing[] {
  if (fault === undefined) return FAILING;
  // A file that is made after a sync of its directory needs another.
  return fault.failing === 'sync' ? ['sync', 'open'] : [fault.failing];
}

/** The program and its arguments, under which the server runs; without a fault its calls are only counted. */
export function tracing(data: string, trace: string, fault?: Fault): string[] {
  const calls = seen(fault)
    .map((failing) => CALLS[failing])
    .join(',');
  const inject = fault === undefined ? [] : ['-e', injection(fault)];
  const paths = [data, ...FILES.map((name) => join(data, name))].flatMap((path) => ['-P', path]);
  // The server stays the process that is started, and strace is the one beside it.
  return [
    'strace',
    '-D',
    '-f',
    '--seccomp-bpf',
    '-q',
    '-y',
    '-o',
    trace,
    ...paths,
    '-e',
    `trace=${calls}`,
    ...inject,
  ];
}

/** Of each system call, the highest n whose n-th there is to fail: strace counts each thread by itself. */
export type CallCounts = ReadonlyMap<string, number>;

function injection({ call, error, n, lasting }: Fault): string {
  const how = error === 'SIGKILL' ? 'error=EIO:signal=SIGKILL' : `error=${error}`;
  return `inject=${call}:${how}:when=${n}${lasting ? '+' : ''}`;
}

export interface Traced {
  readonly counts: CallCounts;
  /** Whether any call was made to fail. */
  readonly met: boolean;
  /**
   * Syncs that were made to fail before the process was told to stop, as strace wrote them. One of the directory counts
   * only where no later one succeeded after the last file was made in it: it is synced again, for SQLite swallows the
   * first error.
   */
  readonly failedSyncs: readonly string[];
}

/** What strace saw of the process, once it is over. */
export async function readTrace(trace: string, pid: number): Promise<Traced> {
  const over = new RegExp(`^${pid} +\\+\\+\\+ (?:exited|killed)`, 'm');
  const text = await eventually('strace writes down how the process ended', () => {
    const written = existsSync(trace) ? readFileSync(trace, 'utf8') : '';
    return over.test(written) && written;
  });
  const lines = text.split('\n');
  const stoppedAt = lines.findIndex((line) => line.includes('--- SIGTERM'));
  const lived = stoppedAt === -1 ? lines : lines.slice(0, stoppedAt);
  const madeAt = lived.findLastIndex((line) => callOf(line) === 'openat' && line.includes('O_CREAT'));
  const directorySynced = lived
    .slice(madeAt + 1)
    .some((line) => isDirectorySync(line) && line.endsWith(' = 0'));
  return {
    counts: countsOf(lines),
    met: lines.some((line) => line.endsWith(INJECTED) || line.endsWith(KILLED)),
    failedSyncs: lived.filter(
      (line) =>
        line.endsWith(INJECTED) &&
        CALLS.sync.includes(callOf(line)) &&
        !(directorySynced && isDirectorySync(line)),
    ),
  };
}

const INJECTED = '(INJECTED)';
const KILLED = '+++ killed by SIGKILL +++';

function countsOf(lines: readonly string[]): CallCounts {
  const made = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const line of lines) {
    const call = callOf(line);
    if (call === '') continue;
    const ofThread = `${Number.parseInt(line, 10)} ${call}`;
    const count = (made.get(ofThread) ?? 0) + 1;
    made.set(ofThread, count);
    counts.set(call, Math.max(counts.get(call) ?? 0, count));
  }
  return counts;
}

/** What was counted so far of a process that runs. */
export function countsUntilNow(trace: string): CallCounts {
  return countsOf(readFileSync(trace, 'utf8').split('\n'));
}

function callOf(line: string): string {
  return /^\d+ +([a-z0-9]+)\(/.exec(line)?.[1] ?? '';
}

function isDirectorySync(line: string): boolean {
  return /\bfsync\(\d+<[^>]*\/data>\)/.test(line);
}
