/**
 * Counts the changes of each kind since the server started. Watchers are told that a kind changed, and read the new
 * state by the ordinary calls.
 *
 * Invariant: a change outside the groups to which a watcher is limited tells them nothing. They look again at regular
 * times instead, whatever happened.
 */
import { CHANGE_KINDS, type ChangeKind, kindsChangedBy } from '#domain/change-kind.ts';
import { toHex } from '#domain/hex.ts';
import { type Caller, hasRight } from '#domain/right.ts';
import { scopeOf } from '#domain/scope.ts';
import type { Random } from '../environment/environment.ts';
import type { Feed, FeedEvent } from '../environment/feed.ts';
import { Signal } from '../environment/signal.ts';

interface Counted {
  /** The number of its last change, counted over all kinds. */
  readonly number: number;
  readonly changes: number;
}

export class Changes implements Feed {
  readonly isOver = false;
  /** Random for each start of the server, since counting begins again. */
  readonly #life: string;
  readonly #signal = new Signal();
  readonly #kinds = new Map<ChangeKind, Counted>();
  #number = 0;

  constructor(random: Random) {
    this.#life = toHex(random(6));
  }

  /** To be called when the change is durable. */
  note(kind: ChangeKind): void {
    this.#number += 1;
    this.#kinds.set(kind, {
      number: this.#number,
      changes: (this.#kinds.get(kind)?.changes ?? 0) + 1,
    });
    this.#signal.raise();
  }

  /** @param events names of events in the audit log. */
  noteEvents(events: Iterable<string>): void {
    for (const kind of new Set([...events].flatMap(kindsChangedBy))) this.note(kind);
  }

  listen(listener: () => void): () => void {
    return this.#signal.listen(listener);
  }

  since(after: string | undefined, caller: Caller): readonly FeedEvent[] {
    if (after === undefined) return [this.#event('ready', this.#number, {})];
    const [life, told] = after.split('.');
    const number = Number(told);
    if (life !== this.#life || !Number.isSafeInteger(number) || number > this.#number)
      return [this.#event('reload', this.#number, {})];
    return [...this.#kinds]
      .filter(([, kind]) => kind.number > number)
      .filter(([kind]) => maySee(caller, kind))
      .toSorted(([, one], [, other]) => one.number - other.number)
      .map(([kind, { number: id, changes }]) => this.#event(kind, id, { changes }));
  }

  regularly(after: string | undefined, caller: Caller): readonly FeedEvent[] {
    const number = Number(after?.split('.')[1]);
    if (!Number.isSafeInteger(number)) return [];
    return KINDS.filter((kind) => hearsRegularly(caller, kind)).map((kind) =>
      this.#event(kind, number, { changes: 0 }),
    );
  }

  #event(event: string, number: number, data: unknown): FeedEvent {
    return { id: `${this.#life}.${number}`, event, data };
  }
}

const KINDS = Object.keys(CHANGE_KINDS) as readonly ChangeKind[];

function maySee(caller: Caller, kind: ChangeKind): boolean {
  const right = CHANGE_KINDS[kind];
  return right === null || scopeOf(caller, right) === 'everywhere';
}

/** Whoever holds the right for some groups only. */
function hearsRegularly(caller: Caller, kind: ChangeKind): boolean {
  const right = CHANGE_KINDS[kind];
  return right !== null && hasRight(caller, right) && !maySee(caller, kind);
}
