/**
 * Making a system call of a real process fail: strace stands beside it, counts its calls on the files of a data
 * directory, and lets the n-th fail without making it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#test/support/eventually.ts';

export const FAILING = ['write', 'sync', 'open', 'read'] as const;
export type Failing = (typeof FAILING)[number];

const CALLS: Readonly<Record<Failing, string>> = {
  write: 'write,pwrite64,writev,pwritev,ftruncate,fallocate',
  sync: 'fsync,fdatasync',
  open: 'openat',
  read: 'read,pread64,readv,preadv',
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
  readonly error: 'EIO' | 'ENOSPC';
  readonly n: number;
  /** It and all that follow it, or it alone. */
  readonly lasting: boolean;
}

export function sayFault({ failing, error, n, lasting }: Fault): string {
  return `${failing} ${n}${lasting ? ' and all after it' : ''} fails with ${error}`;
}

/** The program and its arguments, under which the server runs; without a fault its calls are only counted. */
export function tracing(data: string, trace: string, fault?: Fault): string[] {
  const calls = Object.values(CALLS).join(',');
  const when = fault === undefined ? '' : `${fault.n}${fault.lasting ? '+' : ''}`;
  const inject =
    fault === undefined ? [] : ['-e', `inject=${CALLS[fault.failing]}:error=${fault.error}:when=${when}`];
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

export interface Traced {
  /** How many calls there were of each kind. */
  readonly counts: Readonly<Record<Failing, number>>;
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
  const counts = { write: 0, sync: 0, open: 0, read: 0 };
  for (const line of lines) {
    for (const failing of FAILING) {
      if (CALLS[failing].split(',').includes(callOf(line))) counts[failing] += 1;
    }
  }
  return {
    counts,
    met: lines.some((line) => line.endsWith(INJECTED)),
    failedSyncs: lived.filter(
      (line) =>
        line.endsWith(INJECTED) &&
        CALLS.sync.split(',').includes(callOf(line)) &&
        !(directorySynced && isDirectorySync(line)),
    ),
  };
}

const INJECTED = '(INJECTED)';

function callOf(line: string): string {
  return /^\d+ +([a-z0-9]+)\(/.exec(line)?.[1] ?? '';
}

function isDirectorySync(line: string): boolean {
  return /\bfsync\(\d+<[^>]*\/data>\)/.test(line);
}
