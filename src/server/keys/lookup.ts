/**
 * Lookup: the question for one key, answered here or passed up. The trace of a lookup goes the same way and moves no
 * key.
 *
 * Invariants: nobody gets a key without its claim; what comes down is checked against id, content and claim before it
 * is kept, and kept before it is answered, unless the disk is full; every refusal says where it arose and who was
 * asked.
 */
import { claimFits, claimToText } from '#domain/claim.ts';
import type { CheckedKey, CompleteKey } from '#domain/encryption-key.ts';
import { LOOKUP_MISS_MS, LOOKUP_MISSES_MAX, LOOKUPS_UPWARD_MAX } from '#domain/limits.ts';
import type { LookupOutcome } from '#domain/lookup.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { ExplainAnswer, LookupAnswer } from '#protocol/messages.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import { askedKeyFromWire } from '#protocol/wire-key.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import type { PrimaryRow } from '../hierarchy/primary/primary-row.ts';
import type { Refused } from '../hierarchy/secondaries/judge-secondary.ts';
import { openStoredKey } from '../records/record-keys.ts';
import { keepFromAbove } from './fetched-keys.ts';
import { REMAINING_MS_MIN, type Way, WayUp } from './way-up.ts';

export interface LookupQuestion {
  readonly id: string;
  readonly claim: Uint8Array;
  /** The servers that looked already, in order. */
  readonly asked: readonly ServerName[];
  /** Unix ms by this server's clock. */
  readonly deadline: number;
}

/** A trace may ask without the claim; then any claim fits. */
export type TraceQuestion = Omit<LookupQuestion, 'claim'> & { readonly claim: Uint8Array | undefined };

/** The outcome of a lookup, as far as a trace may reveal it. */
export type TraceOutcome = { readonly outcome: 'found'; readonly source: ServerName } | Refused;

/** Identical questions, with the same id and claim, share one flight. */
function flightName({ id, claim }: LookupQuestion): string {
  return `${id} ${claimToText(claim)}`;
}

export class Lookups {
  readonly #ports: Omit<HierarchyPorts, 'random' | 'treeChanged'>;
  readonly #way: WayUp;
  readonly #link: PrimaryLink;
  readonly #flights = new Map<string, Promise<LookupOutcome>>();
  /** Ids that no server on the way had, and until when that is believed. */
  readonly #misses = new Map<string, { readonly refused: Refused; readonly until: number }>();

  /** @param refreshLink a heartbeat, to hear the current option and DMZ mark of the primary. */
  constructor(
    ports: Omit<HierarchyPorts, 'random' | 'treeChanged'>,
    link: PrimaryLink,
    refreshLink: () => Promise<void>,
  ) {
    this.#ports = ports;
    this.#way = new WayUp(ports, link, refreshLink);
    this.#link = link;
    ports.keysRecorded.listen(() => this.#misses.clear());
    ports.hierarchyChanged.listen(() => this.#misses.clear());
  }

  find(question: LookupQuestion): Promise<LookupOutcome> {
    return this.#walk<LookupOutcome>(question, async (way) => {
      const primary = await this.#way.open(way);
      if ('outcome' in primary) return primary;
      const miss = this.#misses.get(question.id);
      const now = this.#ports.clock();
      // A clock that was set back does not prolong a miss.
      if (miss !== undefined && now < miss.until && now >= miss.until - LOOKUP_MISS_MS)
        return { ...miss.refused, asked: [...way.asked, ...miss.refused.asked.slice(1)] };
      return this.#coalesce(question, way, primary);
    });
  }

  /**
   * The way that `find` would take now, and its outcome. Nothing of it is remembered.
   *
   * @param told receives the primary's answer.
   */
  trace(question: TraceQuestion, told: (answer: ExplainAnswer) => TraceOutcome): Promise<TraceOutcome> {
    return this.#walk<TraceOutcome>(question, async (way) => {
      const primary = await this.#way.open(way);
      if ('outcome' in primary) return primary;
      const { id, claim } = question;
      const asked = claim === undefined ? { id } : { id, claim: claimToText(claim) };
      return this.#way.ask(
        way,
        primary,
        (calls, left, options) => calls.call('explain', { ...asked, ...left }, options),
        (answer) => Promise.resolve(told(answer)),
      );
    });
  }

  /** Looks in this server's repository first, then above. */
  async #walk<Outcome extends TraceOutcome>(
    question: TraceQuestion,
    findAbove: (way: Way) => Promise<Outcome | Refused>,
  ): Promise<Outcome | Refused | Extract<LookupOutcome, { outcome: 'found' }>> {
    const { server, store, barrier } = this.#ports;
    if (question.asked.some(({ id }) => id === server.id)) return this.#way.refuse('loop', question.asked);
    const way: Way = { asked: [...question.asked, server], deadline: question.deadline };
    const row = await store.reader.keyById(question.id);
    if (row === undefined) return findAbove(way);
    let key: CompleteKey;
    try {
      // Opened first: the row's claim hash is only proved when the row opens.
      key = openStoredKey(barrier, row);
    } catch (damaged) {
      // A holder of the data need not wait for the repair.
      const above = await findAbove(way);
      if (above.outcome === 'found') return above;
      throw damaged;
    }
    if (question.claim !== undefined && !claimFits(question.claim, key.key.claimHash))
      return this.#way.refuse('wrong-claim', way.asked);
    return { outcome: 'found', key, source: server };
  }

  async #coalesce(question: LookupQuestion, way: Way, primary: PrimaryRow): Promise<LookupOutcome> {
    const { asked } = way;
    const name = flightName(question);
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      if (this.#flights.size >= LOOKUPS_UPWARD_MAX) return this.#way.refuse('later', asked);
      flight = this.#ask(question, way, primary).finally(() => this.#flights.delete(name));
      this.#flights.set(name, flight);
    }
    // A question that joined a flight keeps its own deadline.
    const remaining = question.deadline - this.#ports.clock();
    if (remaining < REMAINING_MS_MIN) return this.#way.refuse('deadline', asked);
    return new Promise((resolve, reject) => {
      const cancel = this.#ports.timers.after(remaining, () => resolve(this.#way.refuse('deadline', asked)));
      flight.then(resolve, reject).finally(cancel);
    });
  }

  #ask(question: LookupQuestion, way: Way, primary: PrimaryRow): Promise<LookupOutcome> {
    const { id } = question;
    const claim = claimToText(question.claim);
    return this.#way.ask<LookupAnswer, Extract<LookupOutcome, { outcome: 'found' }>>(
      way,
      primary,
      (calls, left, options) => calls.call('lookup', { id, claim, ...left }, options),
      (answer, from) => this.#take(question, answer, from, way.asked),
    );
  }

  async #take(
    question: LookupQuestion,
    answer: LookupAnswer,
    primary: PrimaryRow,
    asked: readonly ServerName[],
  ) {
    if (answer.outcome === 'not-found') {
      const { reason, at, since } = answer;
      const refused: Refused = {
        outcome: 'not-found',
        reason,
        at,
        asked: answer.asked,
        ...(since === undefined ? {} : { since }),
      };
      if (reason === 'unknown-key') this.#rememberMiss(question.id, refused);
      return refused;
    }
    const checked = askedKeyFromWire(answer.complete, question.id);
    if (checked === undefined || !claimFits(question.claim, checked.complete.key.claimHash))
      return this.#way.refuse('bad-answer', asked);
    return this.#keep(checked, primary, answer.source, asked);
  }

  #rememberMiss(id: string, refused: Refused): void {
    if (this.#misses.size >= LOOKUP_MISSES_MAX) this.#misses.clear();
    // Stored from this server on, so that it fits the next question.
    const own = refused.asked.findIndex((asked) => asked.id === this.#ports.server.id);
    this.#misses.set(id, {
      refused: { ...refused, asked: refused.asked.slice(Math.max(0, own)) },
      until: this.#ports.clock() + LOOKUP_MISS_MS,
    });
  }

  /** Keeps what came down before it is answered, if the link still allows it and the disk has room. */
  async #keep(
    checked: CheckedKey,
    primary: PrimaryRow,
    source: ServerName,
    asked: readonly ServerName[],
  ): Promise<LookupOutcome> {
    const kept = await keepFromAbove(this.#ports, this.#link, checked, primary.id);
    switch (kept) {
      case 'closed':
        return this.#way.closedMeanwhile(asked);
      case 'conflict':
        return this.#way.refuse('bad-answer', asked);
      case 'new':
      case 'known':
      case 'not-kept':
        return { outcome: 'found', key: checked.complete, source };
    }
  }
}
