/**
 * Lookup: the question for one key, answered here or passed up.
 *
 * Invariants: nobody gets a key without its claim; what comes down is checked against id, content and claim before it
 * is kept, and kept before it is answered, unless the disk is full; every refusal says where it arose and who was asked.
 */
import { claimFits, claimToText } from '#domain/claim.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { codeOf } from '#domain/errors.ts';
import { LOOKUP_DEPTH_MAX, LOOKUP_MISS_MS, LOOKUP_MISSES_MAX, LOOKUPS_UPWARD_MAX } from '#domain/limits.ts';
import type { LookupOutcome, LookupReason, LookupRefusal, ServerName } from '#domain/lookup.ts';
import { timeUpward } from '#domain/lookup.ts';
import type { LinkVerdict } from '#domain/hierarchy.ts';
import type { LookupAnswer } from '#protocol/messages.ts';
import type { Reader } from '#store/transaction.ts';
import { REFUSING } from '../hierarchy/primary/primary-failure.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import type { PrimaryRow } from '../hierarchy/primary/primary-row.ts';
import { keepsKeysBelow } from '../hierarchy/tree.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import { withinTime } from '../environment/environment.ts';
import { KeptFromAbove } from './keep-from-above.ts';
import { judgeAnswer } from './judge-answer.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { openStoredKey } from '../records/record-keys.ts';

export interface LookupQuestion {
  readonly id: string;
  readonly claim: Uint8Array;
  /** Servers that looked already, in order. */
  readonly asked: readonly ServerName[];
  /** Unix ms by this server's clock. */
  readonly deadline: number;
}

/** Below this no answer from above can come in time. */
const REMAINING_MS_LEAST = 5;
/** What heard options are worth before they are asked for again on behalf of a lookup they would refuse. */
const REFRESH_MS = 100;

/** What a primary may say of this server that is not so any more, or that a heartbeat mends. */
const ABOUT_THIS_SERVER: ReadonlySet<LookupReason> = new Set([
  'option-off',
  'link-in-dmz',
  'refused-by-primary',
]);

type Refused = { readonly outcome: 'not-found' } & LookupRefusal;

export class Lookups {
  readonly #ports: HierarchyPorts;
  readonly #link: PrimaryLink;
  readonly #refreshLink: () => Promise<void>;
  readonly #kept: KeptFromAbove;
  /** One flight for identical questions: same id and same claim. */
  readonly #flights = new Map<string, Promise<LookupOutcome>>();
  /** Ids that no server on the way had, and until when that is believed. */
  readonly #misses = new Map<string, { readonly refused: Refused; readonly until: number }>();
  #refreshing: Promise<void> | undefined;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  /** @param refreshLink a heartbeat: hears how option and DMZ mark of the primary stand now. */
  constructor(ports: HierarchyPorts, link: PrimaryLink, refreshLink: () => Promise<void>) {
    this.#ports = ports;
    this.#link = link;
    this.#kept = new KeptFromAbove(ports, link);
    this.#refreshLink = refreshLink;
    ports.keysRecorded.listen(() => this.#misses.clear());
    ports.hierarchyChanged.listen(() => {
      this.#misses.clear();
      this.#refreshedAt = Number.NEGATIVE_INFINITY;
    });
  }

  async find(question: LookupQuestion): Promise<LookupOutcome> {
    const { server, store, barrier } = this.#ports;
    if (question.asked.some(({ id }) => id === server.id)) return this.#refuse('loop', question.asked);
    const asked = [...question.asked, server];
    const row = await store.reader.keyById(question.id);
    if (row === undefined) return this.#findAbove(question, asked);
    let key: CompleteKey;
    try {
      // Opened first: what a row says of its claim is only known to be so when the row opens.
      key = openStoredKey(barrier, row);
    } catch (damaged) {
      // Whoever holds the data need not wait until it is repaired.
      const above = await this.#findAbove(question, asked);
      if (above.outcome === 'found') return above;
      throw damaged;
    }
    if (!claimFits(question.claim, key.key.claimHash)) return this.#refuse('wrong-claim', asked);
    return { outcome: 'found', key, source: server };
  }

  async #findAbove(question: LookupQuestion, asked: readonly ServerName[]): Promise<LookupOutcome> {
    if (asked.length > LOOKUP_DEPTH_MAX) return this.#refuse('too-deep', asked);
    const primary = await this.#openLink(asked, question.deadline);
    if ('outcome' in primary) return primary;
    const miss = this.#misses.get(question.id);
    const now = this.#ports.clock();
    // A clock that was set back does not make a short memory long.
    if (miss !== undefined && now < miss.until && now >= miss.until - LOOKUP_MISS_MS)
      return { ...miss.refused, asked: [...asked, ...miss.refused.asked.slice(1)] };
    return this.#fly(question, asked, primary);
  }

  #refuse(reason: LookupReason, asked: readonly ServerName[], since?: string | null): Refused {
    return {
      outcome: 'not-found',
      reason,
      at: this.#ports.server,
      asked,
      ...(since === undefined ? {} : { since }),
    };
  }

  /** The primary, where a claim may go up to it; else the reason why not. */
  async #openLink(asked: readonly ServerName[], deadline: number): Promise<PrimaryRow | Refused> {
    const { reader } = this.#ports.store;
    let { primary, verdict } = await this.#link.judge(reader);
    if (primary === undefined)
      return this.#refuse((await keepsKeysBelow(this.#ports)) ? 'option-off' : 'unknown-key', asked);
    // What was heard may be a quarter of an hour old. Before a person is told no, ask how it stands.
    if (verdict !== 'open' && verdict !== 'own-option-off' && !primary.dmz) {
      let inTime = true;
      let failure: unknown;
      try {
        inTime = await this.#refreshBefore(deadline);
      } catch (error) {
        failure = error;
      }
      ({ primary, verdict } = await this.#link.judge(reader));
      // It may have been heard all the same, and only noting that have failed on a full disk.
      if (failure !== undefined && verdict === 'not-heard') return this.#unreached(failure, asked);
      if (primary === undefined) return this.#refuse('unknown-key', asked);
      if (!inTime && verdict === 'not-heard' && !this.#link.failing) return this.#refuse('deadline', asked);
    }
    return this.#refusalBy(primary, verdict, asked) ?? primary;
  }

  /** Why no key crosses the link to the primary as it stands; undefined where one may. */
  #refusalBy(primary: ServerName, verdict: LinkVerdict, asked: readonly ServerName[]): Refused | undefined {
    switch (verdict) {
      case 'open':
        return undefined;
      case 'dmz':
        return this.#refuse('link-in-dmz', asked);
      case 'own-option-off':
        return this.#refuse('option-off', asked);
      case 'neighbour-option-off':
        return { ...this.#refuse('option-off', asked), at: { id: primary.id, name: primary.name } };
      case 'not-heard':
        return this.#link.refused
          ? this.#refuse('refused-by-primary', asked)
          : this.#refuse('primary-unreachable', asked, this.#link.unreachableSince);
    }
  }

  /** The link was closed while the question or its answer was on the way: the reason is how it stands now. */
  async #closedMeanwhile(reader: Reader, asked: readonly ServerName[]): Promise<Refused> {
    const { primary, verdict } = await this.#link.judge(reader);
    if (primary === undefined) return this.#refuse('unknown-key', asked);
    const refusal = this.#refusalBy(primary, verdict, asked);
    // Open again, perhaps to another primary: what was asked did not come to an answer.
    return refusal ?? this.#refuse('primary-unreachable', asked, this.#link.unreachableSince);
  }

  /** False where the heartbeat takes longer: who asked is told in time how the link stands. */
  #refreshBefore(deadline: number): Promise<boolean> {
    return withinTime(this.#ports.timers, timeUpward(deadline - this.#ports.clock()), this.#refresh());
  }

  #refresh(): Promise<void> {
    if (this.#refreshing !== undefined) return this.#refreshing;
    const now = this.#ports.clock();
    if (now - this.#refreshedAt < REFRESH_MS && now >= this.#refreshedAt) return Promise.resolve();
    this.#refreshing = this.#refreshLink().finally(() => {
      this.#refreshing = undefined;
      this.#refreshedAt = this.#ports.clock();
    });
    return this.#refreshing;
  }

  #unreached(error: unknown, asked: readonly ServerName[]): Refused {
    const code = codeOf(error);
    if (REFUSING.has(code)) return this.#refuse('refused-by-primary', asked);
    return this.#refuse('primary-unreachable', asked, this.#link.unreachableSince);
  }

  async #fly(
    question: LookupQuestion,
    asked: readonly ServerName[],
    primary: PrimaryRow,
  ): Promise<LookupOutcome> {
    const name = `${question.id} ${claimToText(question.claim)}`;
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      if (this.#flights.size >= LOOKUPS_UPWARD_MAX) return this.#refuse('later', asked);
      flight = this.#ask(question, asked, primary).finally(() => this.#flights.delete(name));
      this.#flights.set(name, flight);
    }
    // Whoever joined a flight keeps its own deadline.
    const remaining = question.deadline - this.#ports.clock();
    if (remaining < REMAINING_MS_LEAST) return this.#refuse('deadline', asked);
    return new Promise((resolve, reject) => {
      const cancel = this.#ports.timers.after(remaining, () => resolve(this.#refuse('deadline', asked)));
      flight.then(resolve, reject).finally(cancel);
    });
  }

  /** Asks the primary, and once more after a heartbeat where it refused by what it last knew of this server. */
  async #ask(
    question: LookupQuestion,
    asked: readonly ServerName[],
    primary: PrimaryRow,
  ): Promise<LookupOutcome> {
    const outcome = await this.#askOnce(question, asked, primary);
    const stale =
      outcome.outcome === 'not-found' &&
      outcome.at.id === this.#ports.server.id &&
      ABOUT_THIS_SERVER.has(outcome.reason);
    if (!stale) return outcome;
    // The heartbeat tells option and mark as they are, and renews a certificate whose dates do not fit.
    await this.#refreshBefore(question.deadline).catch(() => undefined);
    const again = await this.#openLink(asked, question.deadline);
    return 'outcome' in again ? again : this.#askOnce(question, asked, again);
  }

  async #askOnce(
    question: LookupQuestion,
    asked: readonly ServerName[],
    primary: PrimaryRow,
  ): Promise<LookupOutcome> {
    const remainingMs = timeUpward(question.deadline - this.#ports.clock());
    if (remainingMs < REMAINING_MS_LEAST) return this.#refuse('deadline', asked);
    let answer: LookupAnswer;
    try {
      answer = await this.#link.call(primary, true, (calls, signal) =>
        calls.call(
          'lookup',
          { id: question.id, claim: claimToText(question.claim), asked: [...asked], remainingMs },
          { signal, timeoutMs: remainingMs },
        ),
      );
    } catch (error) {
      if (codeOf(error) === 'link-closed') return this.#closedMeanwhile(this.#ports.store.reader, asked);
      // Its budget for this server is used up.
      if (codeOf(error) === 'later')
        return { ...this.#refuse('later', asked), at: { id: primary.id, name: primary.name } };
      return this.#unreached(error, asked);
    }
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
    const checked = judgeAnswer(answer.complete, question);
    if (checked === undefined) return this.#refuse('bad-answer', asked);
    return this.#keep(checked, primary, answer.source, asked);
  }

  #rememberMiss(id: string, refused: Refused): void {
    if (this.#misses.size >= LOOKUP_MISSES_MAX) this.#misses.clear();
    // Kept from this server on, so that it fits whoever asks next.
    const own = refused.asked.findIndex((asked) => asked.id === this.#ports.server.id);
    this.#misses.set(id, {
      refused: { ...refused, asked: refused.asked.slice(Math.max(0, own)) },
      until: this.#ports.clock() + LOOKUP_MISS_MS,
    });
  }

  /** What came down is kept before it is answered, where the link still allows it and the disk has room. */
  async #keep(
    checked: CheckedKey,
    primary: PrimaryRow,
    source: ServerName,
    asked: readonly ServerName[],
  ): Promise<LookupOutcome> {
    const kept = await this.#kept.keep(checked, primary.id);
    switch (kept) {
      case 'closed':
        return this.#closedMeanwhile(this.#ports.store.reader, asked);
      case 'conflict':
        return this.#refuse('bad-answer', asked);
      case 'new':
      case 'known':
      case 'not-kept':
        return { outcome: 'found', key: checked.complete, source };
    }
  }
}
