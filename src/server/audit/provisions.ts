/**
 * Records in the audit log which keys were given to members. If a key is given to one member repeatedly, the first time
 * is written and the others are counted.
 *
 * Invariant: `note` resolves only when an event that names this key and this member is durable.
 */
import type { AuditEvent } from '#domain/audit-log.ts';
import type { CountedEvents } from './counted-events.ts';

export type KeyProvided = Extract<AuditEvent, { event: 'key-provided' }>;

export class Provisions {
  readonly #events: CountedEvents;

  constructor(events: CountedEvents) {
    this.#events = events;
  }

  async note(provided: Omit<KeyProvided, 'event'>): Promise<void> {
    const { by, key, to, as } = provided;
    await this.#events.note(`${by} ${as} ${key}`, { event: 'key-provided', ...provided }, (count, since) => ({
      event: 'provisions-counted',
      by,
      key,
      to,
      as,
      count,
      since,
    }));
  }
}
