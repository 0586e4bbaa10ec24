/**
 * How far a long command is: one line on standard error that replaces itself, on a terminal only.
 */
import { secondsToText } from './durations.ts';
import type { Terminal } from './terminal.ts';

/** Fast enough to look alive, slow enough to be read. */
const PAINT_MS = 200;

export interface Progress {
  /** @param done of `of`, in whatever unit; rate and time left follow from it. */
  readonly at: (done: number, of: number) => void;
  readonly end: () => void;
}

export function createProgress(
  terminal: Pick<Terminal, 'paint'>,
  what: string,
  clock: () => number,
  rate: (perSecond: number) => string,
): Progress {
  const { paint } = terminal;
  if (paint === undefined) return { at: () => {}, end: () => {} };
  // From the first word of it: what it waited for before says nothing of its pace.
  let begun: { readonly at: number; readonly done: number } | undefined;
  let paintedAt = 0;
  return {
    at: (done, of) => {
      const now = clock();
      begun ??= { at: now, done };
      if (now - paintedAt < PAINT_MS) return;
      paintedAt = now;
      paint(progressLine(what, { done, of, since: done - begun.done, elapsedMs: now - begun.at }, rate));
    },
    end: () => paint(''),
  };
}

interface Pace {
  readonly done: number;
  readonly of: number;
  /** Done in the time that elapsed. */
  readonly since: number;
  readonly elapsedMs: number;
}

function progressLine(
  what: string,
  { done, of, since, elapsedMs }: Pace,
  rate: (perSecond: number) => string,
): string {
  const share = of > 0 ? Math.min(done / of, 1) : 0;
  const perSecond = elapsedMs > 0 ? (since / elapsedMs) * 1000 : 0;
  const left = perSecond > 0 ? Math.ceil(Math.max(of - done, 0) / perSecond) : undefined;
  const pace = left === undefined ? '' : `, ${rate(perSecond)}, ${secondsToText(left)} left`;
  return `${what} ${Math.floor(share * 100)} %${pace}`;
}

export function megabytes(perSecond: number): string {
  return `${(perSecond / 1e6).toFixed(1)} MB/s`;
}

export function keysRate(perSecond: number): string {
  return `${Math.round(perSecond)} keys/s`;
}

export function rowsRate(perSecond: number): string {
  return `${Math.round(perSecond)} rows/s`;
}
