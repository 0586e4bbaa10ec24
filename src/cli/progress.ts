/** The progress of a long command: one line on standard error that replaces itself, on a terminal only. */
import type { Terminal } from './terminal.ts';

/** Fast enough to look alive, slow enough to be read. */
const PAINT_MS = 200;

/** Puts an amount into words. */
type Unit = (amount: number) => string;

export interface Progress {
  /** @param done of `of`, in any unit; rate and time left follow from it, without `of` only the rate. */
  readonly at: (done: number, of: number | undefined) => void;
  readonly end: () => void;
}

export function createProgress(
  terminal: Pick<Terminal, 'paint'>,
  what: string,
  clock: () => number,
  unit: Unit,
): Progress {
  const { paint } = terminal;
  if (paint === undefined) return { at: () => {}, end: () => {} };
  // From the first report: time spent waiting before it says nothing of the pace.
  let begun: { readonly at: number; readonly done: number } | undefined;
  // The clock may begin with the process, and a quick command may report within its first moments.
  let paintedAt = Number.NEGATIVE_INFINITY;
  return {
    at: (done, of) => {
      const now = clock();
      begun ??= { at: now, done };
      if (now - paintedAt < PAINT_MS) return;
      paintedAt = now;
      paint(progressLine(what, { done, of, since: done - begun.done, elapsedMs: now - begun.at }, unit));
    },
    end: () => paint(''),
  };
}

interface Pace {
  readonly done: number;
  readonly of: number | undefined;
  /** The amount done in the elapsed time. */
  readonly since: number;
  readonly elapsedMs: number;
}

function progressLine(what: string, { done, of, since, elapsedMs }: Pace, unit: Unit): string {
  const perSecond = elapsedMs > 0 ? (since / elapsedMs) * 1000 : 0;
  const rate = perSecond > 0 ? `, ${unit(perSecond)}/s` : '';
  if (of === undefined) return `${what} ${unit(done)}${rate}`;
  const share = of > 0 ? Math.min(done / of, 1) : 0;
  const left = perSecond > 0 ? `, ${timeWords(Math.max(of - done, 0) / perSecond)} left` : '';
  return `${what} ${Math.floor(share * 100)} %${rate}${left}`;
}

/** As exact as such an estimate deserves: `45 s`, `2 min 5 s`, `3 h 20 min`. */
export function timeWords(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.ceil(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function inKeys(amount: number): string {
  return `${Math.round(amount)} keys`;
}

export function inRows(amount: number): string {
  return `${Math.round(amount)} rows`;
}

/** The bytes of a file in transit, counted for the progress line. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  of: number | undefined,
  progress: Progress,
): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  try {
    for await (const block of source) {
      done += block.length;
      progress.at(done, of);
      yield block;
    }
  } finally {
    progress.end();
  }
}
