/**
 * Refusals in the audit log: the first of a caller for a reason is written, repeated ones within a window are counted
 * and written as one line, so that a loud stranger cannot fill the log or the disk.
 */
import type { AuditEvent } from '#domain/audit-log.ts';
import { REFUSAL_WINDOW_MS } from '#domain/limits.ts';
import { isoTime, type Clock } from '../ports.ts';
import type { AuditLog } from './audit-log.ts';

/** Callers remembered; beyond it all windows are closed early. */
const WINDOWS_MAX = 10_000;

interface Window {
  readonly caller: string;
  readonly code: string;
  readonly since: number;
  count: number;
}

export class Refusals {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  /** Writes the event, or counts it. */
  async note(caller: string, code: string, event: AuditEvent): Promise<void> {
    const now = this.#clock();
    const name = `${caller} ${code}`;
    const window = this.#windows.get(name);
    if (window !== undefined && Math.abs(now - window.since) < REFUSAL_WINDOW_MS) {
      window.count += 1;
      return;
    }
    if (window !== undefined) await this.#close(name, window);
    if (this.#windows.size >= WINDOWS_MAX) await this.flush();
    this.#windows.set(name, { caller, code, since: now, count: 0 });
    await this.#audit.record(event);
  }

  /** Writes every count; at the end of a run, and from time to time. */
  async flush(): Promise<void> {
    await Promise.all([...this.#windows].map(([name, window]) => this.#close(name, window)));
  }

  /** Closes windows that are over. */
  async sweep(): Promise<void> {
    const now = this.#clock();
    const over = [...this.#windows].filter(([, window]) => Math.abs(now - window.since) >= REFUSAL_WINDOW_MS);
    await Promise.all(over.map(([name, window]) => this.#close(name, window)));
  }

  async #close(name: string, window: Window): Promise<void> {
    this.#windows.delete(name);
    if (window.count === 0) return;
    await this.#audit.record({
      event: 'refusals-counted',
      by: 'server',
      caller: window.caller,
      code: window.code,
      count: window.count,
      since: isoTime(window.since),
    });
  }
}
