/** Records refusals in the audit log: writes a caller's first refusal for a reason, and counts repeated ones. */
import type { AuditEvent } from '#domain/audit-log.ts';
import type { CountedEvents } from './counted-events.ts';

export class Refusals {
  readonly #events: CountedEvents;

  constructor(events: CountedEvents) {
    this.#events = events;
  }

  /** Writes the event, or counts it. @returns whether it was written. */
  note(caller: string, code: string, event: AuditEvent): Promise<boolean> {
    return this.#events.note(`${caller} ${code}`, event, (count, since) => ({
      event: 'refusals-counted',
      by: 'server',
      caller,
      code,
      count,
      since,
    }));
  }
}
