/** What is broken, and what is slow: the bounds of the campaign in one place. */
import type { Seen } from './target.ts';

/** A server with nothing to do takes about half of it. */
const MEMORY_MIB_MAX = 256;
/**
 * Where others use the machine too, the collector comes late. Servers that kept their bounds held up to 222 MiB; up to
 * 284 before all bodies together had a bounded room.
 */
const MEMORY_MIB_MAX_BUSY = 300;
/** For whoever is honest, at a desk. */
const P99_MS_MAX = 250;
/**
 * On a machine that has other work, the same device's own calls in a quiet phase of the same run say what is to be had.
 * Program and server share the processors with the harm itself, so it is generous: what is meant to be found stops a
 * server for seconds.
 */
const TIMES_QUIET_MAX = 20;
/** One harm is a few dozen calls, of which the slowest is the p99: alone it decides only where it is far off. */
const ALONE_TIMES = 4;

/** @param ascending empty where nothing was answered at all. */
function percentile(ascending: readonly number[], part: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))] ?? 0;
}

export function p99Of(ascending: readonly number[]): number {
  return Math.round(percentile(ascending, 0.99));
}

/** Milliseconds within which the honest device is to be served, by what it had in the quiet phase. */
export function boundFor(quietP99: number): number {
  return Math.max(P99_MS_MAX, TIMES_QUIET_MAX * quietP99);
}

/** What the foreign program tells of a harm. */
export interface Told {
  /** How often each status was answered, and what else it counts. */
  readonly answers: Readonly<Record<string, number>>;
  /** What the server did that PROTOCOL does not allow. */
  readonly wrongs?: readonly string[];
  /** What lines of the audit log name whoever did it by. */
  readonly ids?: readonly string[];
  /** So many lines may name them. */
  readonly linesMax?: number;
  /** Why a line must say that connections were ended. */
  readonly endedBecause?: string;
}

/** What must not be, in a sentence each. */
export function faultsOf(
  seen: Seen,
  { answers, wrongs = [], ids = [], linesMax, endedBecause }: Told,
  busy = false,
): readonly string[] {
  const faults: string[] = [];
  const mebibytesMax = busy ? MEMORY_MIB_MAX_BUSY : MEMORY_MIB_MAX;
  if (!seen.alive) faults.push(`the server ended: ${seen.lastWords}`);
  if (seen.memoryMiB > mebibytesMax)
    faults.push(`the server held ${seen.memoryMiB} MiB, more than ${mebibytesMax}`);
  if (seen.alive && seen.failures.length > 0)
    faults.push(`${seen.failures.length} calls of the honest device failed, first: ${seen.failures[0]}`);
  const broken = answers['500'] ?? 0;
  if (broken > 0) faults.push(`${broken} requests were answered with 500, as if the server were at fault`);
  const lines = seen.lines.filter((line) => ids.some((id) => line.includes(id)));
  if (linesMax !== undefined && lines.length > linesMax)
    faults.push(`the audit log has ${lines.length} lines more of it; what is repeated is counted`);
  if (endedBecause !== undefined && !lines.some((line) => line.includes(`"because":"${endedBecause}"`)))
    faults.push(`the audit log does not say that a connection was ended because of ${endedBecause}`);
  return [...faults, ...wrongs];
}

export function slownessOf(latencies: readonly number[], bound: number): readonly string[] {
  const p99 = p99Of(latencies);
  return p99 > ALONE_TIMES * bound
    ? [`the honest device's p99 is ${p99} ms; ${ALONE_TIMES * bound} are allowed`]
    : [];
}
