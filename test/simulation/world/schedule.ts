/**
 * Simulated time: what is to happen, when, in one order. Nothing here waits; the time of the next event is the time.
 */

export interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  readonly what: string;
  readonly call: () => void;
  cancelled: boolean;
}

export class Schedule {
  /** A binary heap by time, then by the order of scheduling. */
  readonly #events: ScheduledEvent[] = [];
  #now = 0;
  #order = 0;

  /** Milliseconds since the run began. */
  get now(): number {
    return this.#now;
  }

  /** Calls once after so many milliseconds; returns what cancels it. */
  after(ms: number, what: string, call: () => void): () => void {
    this.#order += 1;
    const at = this.#now + Math.max(0, Math.ceil(ms));
    const event = { at, order: this.#order, what, call, cancelled: false };
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Resolves after so many milliseconds. */
  wait(ms: number, what: string): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, what, resolve);
    });
  }

  /** The next event up to that time, with the time set to its own; undefined when there is none, and it is `until`. */
  next(until: number): ScheduledEvent | undefined {
    for (;;) {
      const event = this.#events[0];
      if (event === undefined || event.at > until) {
        this.#now = until;
        return undefined;
      }
      this.#pop();
      if (event.cancelled) continue;
      this.#now = event.at;
      return event;
    }
  }

  #push(event: ScheduledEvent): void {
    const events = this.#events;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(event, events[above]!)) break;
      events[at] = events[above]!;
      at = above;
    }
    events[at] = event;
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop()!;
    if (events.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= events.length) break;
      if (below + 1 < events.length && before(events[below + 1]!, events[below]!)) below += 1;
      if (!before(events[below]!, last)) break;
      events[at] = events[below]!;
      at = below;
    }
    events[at] = last;
  }
}

function before(one: ScheduledEvent, other: ScheduledEvent): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
