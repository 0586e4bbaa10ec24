/**
 * Events that repeat: the first of a name is written. Those that follow within a window are counted and written as one
 * when the window closes, so a caller that repeats itself endlessly fills neither the log nor the disk.
 *
 * Invariants: a counted caller waits until the first event is durable, and fails with it. A window is written before it
 * is forgotten: when it is over, when another needs its room, and at the end of a run. A count that cannot be written
 * now is kept and written with the next one.
 */
import type { AuditEvent } from '#domain/audit-log.ts';
import { COUNTING_WINDOW_MS, COUNTING_WINDOWS_MAX } from '#domain/limits.ts';
import { type Clock, isoTime } from '../environment/environment.ts';
import type { AuditLog } from './audit-log.ts';

/** The one event that stands for those that were counted since the first. */
export type CountedForm = (count: number, since: string) => AuditEvent;

interface Window {
  readonly since: number;
  readonly counted: CountedForm;
  readonly first: Promise<void>;
  count: number;
}

export class CountedEvents {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #windows = new Map<string, Window>();
  #ended = false;

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  /**
   * Writes the event, or counts it; resolves when the event or the first of its window is durable.
   *
   * @returns whether it was written.
   */
  async note(name: string, event: AuditEvent, counted: CountedForm): Promise<boolean> {
    if (this.#ended) {
      await this.#audit.record(event);
      return true;
    }
    const open = this.#windows.get(name);
    if (open !== undefined && !this.#isOver(open)) {
      open.count += 1;
      await open.first;
      return false;
    }
    const over = open === undefined ? this.#forRoom() : [name];
    const closing = this.#close(over);
    // Opened before anything is awaited, so that a caller arriving meanwhile is counted in it.
    const first = this.#audit.record(event);
    const window: Window = { since: this.#clock(), counted, first, count: 0 };
    this.#windows.set(name, window);
    try {
      await Promise.all([first, closing]);
    } catch (error) {
      await first.catch(() => this.#forget(name, window));
      throw error;
    }
    return true;
  }

  /** Writes every count. Later events, of calls still under way, are written singly. */
  end(): Promise<void> {
    this.#ended = true;
    return this.#close([...this.#windows.keys()]);
  }

  sweep(): Promise<void> {
    return this.#close([...this.#windows].filter(([, window]) => this.#isOver(window)).map(([name]) => name));
  }

  #isOver({ since }: Window): boolean {
    return Math.abs(this.#clock() - since) >= COUNTING_WINDOW_MS;
  }

  /** The oldest window, if there is no room for another. */
  #forRoom(): string[] {
    return this.#windows.size < COUNTING_WINDOWS_MAX ? [] : [...this.#windows.keys().take(1)];
  }

  /** The callers counted in it left nothing behind: each of them fails with the first. */
  #forget(name: string, window: Window): void {
    if (this.#windows.get(name) === window) this.#windows.delete(name);
  }

  /** Later events open new windows. */
  async #close(names: readonly string[]): Promise<void> {
    const closed = names.map((name) => ({ name, window: this.#windows.get(name)! }));
    for (const name of names) this.#windows.delete(name);
    await Promise.all(closed.map(({ name, window }) => this.#write(name, window)));
  }

  async #write(name: string, window: Window): Promise<void> {
    if (!(await isDurable(window.first))) return;
    // Read now, to include callers counted before the window closed.
    const { count, counted, since } = window;
    if (count === 0) return;
    try {
      await this.#audit.record(counted(count, isoTime(since)));
    } catch (error) {
      this.#putBack(name, window);
      throw error;
    }
  }

  #putBack(name: string, window: Window): void {
    const open = this.#windows.get(name);
    if (open === undefined) this.#windows.set(name, window);
    else open.count += window.count;
  }
}

async function isDurable(first: Promise<void>): Promise<boolean> {
  try {
    await first;
    return true;
  } catch {
    return false;
  }
}
