/**
 * What an operation needs of the world around it: the time, waiting, randomness, and where log lines go. All of it is
 * passed in, so a whole tree of servers runs from one seed.
 */
import { uuidOfHex } from '#domain/uuid.ts';

/** Unix time in milliseconds. */
export type Clock = () => number;
/** That many fresh random bytes. */
export type Random = (bytes: number) => Uint8Array;

/** Structured log lines, one for each event. Never a secret. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Waiting, passed in like the clock. */
export interface Timers {
  /** Calls once after that many milliseconds; returns what cancels it. */
  after(ms: number, call: () => void): () => void;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function uuidFrom(random: Random): string {
  const bytes = Buffer.from(random(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return uuidOfHex(bytes.toString('hex'));
}

/**
 * Waits for work that others may wait for longer: at the limit only this wait ends, and the work continues. Resolves to
 * whether the work finished in time; rejects with its failure.
 */
export function withinTime(timers: Timers, ms: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(ms, () => resolve(false));
    work.then(() => resolve(true), reject).finally(cancel);
  });
}
