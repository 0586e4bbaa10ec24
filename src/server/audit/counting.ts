/**
 * The two counters of a server: one for refusals and one for keys that leave, so that refused strangers take no room
 * from counted keys. It sweeps both while the server runs, and writes every count at its end.
 */
import { COUNTING_WINDOW_MS } from '#domain/limits.ts';
import type { Clock, Timers } from '../environment/environment.ts';
import type { AuditLog } from './audit-log.ts';
import { CountedEvents } from './counted-events.ts';

export class Counting {
  readonly refusals: CountedEvents;
  readonly provisions: CountedEvents;
  readonly #timers: Timers;
  #cancel: () => void = () => {};

  constructor(audit: AuditLog, clock: Clock, timers: Timers) {
    this.refusals = new CountedEvents(audit, clock);
    this.provisions = new CountedEvents(audit, clock);
    this.#timers = timers;
  }

  start(): void {
    const again = (): void => this.start();
    this.#cancel = this.#timers.after(COUNTING_WINDOW_MS, () => {
      Promise.all([this.refusals.sweep(), this.provisions.sweep()]).then(again, again);
    });
  }

  /** No sweep begins any more. */
  stop(): void {
    this.#cancel();
  }

  async end(): Promise<void> {
    await Promise.allSettled([this.refusals.end(), this.provisions.end()]);
  }
}
