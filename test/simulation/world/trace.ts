/**
 * The trace of a run: every event in order, hashed, and kept as lines for the story of a violation. Two runs that are
 * alike have the same hash.
 */
import { createHash, hash } from 'node:crypto';

export interface TraceLine {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** The server, device or link it happened at. */
  readonly where: string;
  readonly what: string;
}

/** Text collected before it is hashed at once. */
const PENDING_MAX = 16_384;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly lines: TraceLine[] = [];
  #pending = '';
  #over = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something a person would want to read. */
  tell(where: string, what: string): void {
    if (this.#over) return;
    const line: TraceLine = { at: this.#now(), where, what };
    this.lines.push(line);
    this.note(`${line.at} ${where}: ${what}`);
  }

  /** Something that only has to be alike. */
  note(text: string): void {
    if (this.#over) return;
    this.#pending += `${text}\n`;
    if (this.#pending.length < PENDING_MAX) return;
    this.#hash.update(this.#pending);
    this.#pending = '';
  }

  /** The same for what is long. */
  noteBytes(text: string, bytes: string | Uint8Array): void {
    this.note(`${text} ${hash('sha1', bytes, 'base64')}`);
  }

  /** Of everything so far; what comes after is not traced. */
  digest(): string {
    this.#over = true;
    return this.#hash.update(this.#pending).digest('hex');
  }
}
