/**
 * Refusals in the audit log: the first of a caller for a reason is written, repeated ones within a window are counted
 * and written as one line, so that a loud stranger cannot fill the log or the disk.
 */
import type { AuditEvent } from '#domain/audit-log.ts';
import { REFUSAL_WINDOW_MS } from '#domain/limits.ts';
import { isoTime, type Clock } from '../environment/environment.ts';
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
    const over = window === undefined ? [] : this.#take([name]);
    if (this.#windows.size >= WINDOWS_MAX) over.push(...this.#take([...this.#windows.keys()]));
    // Opened before anything is waited for: whoever comes meanwhile is counted in it.
    this.#windows.set(name, { caller, code, since: now, count: 0 });
    await Promise.all([this.#writeCounts(over), this.#audit.record(event)]);
  }

  /** Writes every count; at the end of a run. */
  flush(): Promise<void> {
    return this.#writeCounts(this.#take([...this.#windows.keys()]));
  }

  /** Closes windows that are over. */
  async sweep(): Promise<void> {
    const now = this.#clock();
    const over = [...this.#windows].filter(([, window]) => Math.abs(now - window.since) >= REFUSAL_WINDOW_MS);
    await this.#writeCounts(this.#take(over.map(([name]) => name)));
  }

  /** Closes windows: what comes from now on opens others. */
  #take(names: readonly string[]): Window[] {
    const taken = names.map((name) => this.#windows.get(name)!);
    for (const name of names) this.#windows.delete(name);
    return taken;
  }

  async #writeCounts(windows: readonly Window[]): Promise<void> {
    await Promise.all(
      windows
        .filter(({ count }) => count > 0)
        .map(({ caller, code, count, since }) =>
          this.#audit.record({
            event: 'refusals-counted',
            by: 'server',
            caller,
            code,
            count,
            since: isoTime(since),
          }),
        ),
    );
  }
}
