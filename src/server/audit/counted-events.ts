/**
 * Events that repeat: the first of a name is written. Those that follow within a window are counted, and written as one
 * event when the window closes. So a caller that repeats a call endlessly fills neither the log nor the disk.
 *
 * Invariants: a counted caller waits until the first event is durable, and fails with it. A window is written before it
 * is forgotten: when it is over, when another needs its room, and when the server stops. A count that cannot be written
 * is kept as owed, whatever happens to later windows of its name, and each sweep tries it again.
 */
import type { AuditEvent } from '#domain/audit-log.ts';
import { COUNTING_WINDOW_MS, COUNTING_WINDOWS_MAX } from '#domain/limits.ts';
import { type Clock, isoTime } from '../environment/environment.ts';
import type { AuditLog } from './audit-log.ts';

/** Makes the one event that stands for those counted since the first. */
export type CountedForm = (count: number, since: string) => AuditEvent;

interface Count {
  readonly since: number;
  readonly counted: CountedForm;
  readonly count: number;
}

interface Window extends Count {
  readonly first: Promise<void>;
  count: number;
}

export class CountedEvents {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #windows = new Map<string, Window>();
  /** Counts of closed windows that could not be written. */
  readonly #owed = new Map<string, Count>();
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
    // The window opens before anything is awaited, so that it counts callers who arrive meanwhile.
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

  /** Writes every count. Later events, from calls still under way, are written singly. */
  end(): Promise<void> {
    this.#ended = true;
    return this.#close([...this.#windows.keys(), ...this.#owed.keys()]);
  }

  sweep(): Promise<void> {
    const over = [...this.#windows].filter(([, window]) => this.#isOver(window)).map(([name]) => name);
    return this.#close([...over, ...this.#owed.keys()]);
  }

  #isOver({ since }: Window): boolean {
    return Math.abs(this.#clock() - since) >= COUNTING_WINDOW_MS;
  }

  /** The window or count to write if there is no room for another: the one owed longest, else the oldest window. */
  #forRoom(): string[] {
    if (this.#windows.size + this.#owed.size < COUNTING_WINDOWS_MAX) return [];
    // Taken one by one: once there are ten thousand, each lookup of a key comes by here.
    const [oldest] = this.#owed.size > 0 ? this.#owed.keys() : this.#windows.keys();
    return oldest === undefined ? [] : [oldest];
  }

  /** Drops a window whose first event failed: each caller counted in it fails too. */
  #forget(name: string, window: Window): void {
    if (this.#windows.get(name) === window) this.#windows.delete(name);
  }

  /** Writes what these windows counted and what is owed. Later events open new windows. */
  async #close(names: readonly string[]): Promise<void> {
    const closed = [...new Set(names)].map((name) => ({ name, window: this.#windows.get(name) }));
    for (const { name } of closed) this.#windows.delete(name);
    await Promise.all(closed.map(({ name, window }) => this.#write(name, window)));
  }

  async #write(name: string, window: Window | undefined): Promise<void> {
    // Waiting lets callers that came before the window closed be counted. If the first failed, so did they.
    if (window !== undefined && (await isDurable(window.first))) this.#owe(name, window);
    const owed = this.#owed.get(name);
    if (owed === undefined) return;
    this.#owed.delete(name);
    try {
      await this.#audit.record(owed.counted(owed.count, isoTime(owed.since)));
    } catch (error) {
      this.#owe(name, owed);
      throw error;
    }
  }

  #owe(name: string, { since, counted, count }: Count): void {
    if (count === 0) return;
    const owed = this.#owed.get(name) ?? { since, count: 0 };
    this.#owed.set(name, { since: Math.min(since, owed.since), counted, count: count + owed.count });
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
