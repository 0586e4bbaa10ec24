/**
 * The way up: whether a question may go to the primary now, and what it means if the primary does not answer it. A
 * lookup and its explanation both use it, so they give one reason.
 *
 * Invariant: before a person is refused on old information, the primary is asked for its current state.
 */
import { codeOf } from '#domain/errors.ts';
import type { LinkVerdict } from '#domain/hierarchy.ts';
import { LOOKUP_DEPTH_MAX } from '#domain/limits.ts';
import type { LookupReason } from '#domain/lookup-reason.ts';
import { timeForNextHop } from '#domain/lookup.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { withinTime } from '../environment/environment.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import { REFUSING } from '../hierarchy/primary/primary-failure.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import type { PrimaryRow } from '../hierarchy/primary/primary-row.ts';
import type { Refused } from '../hierarchy/secondaries/judge-secondary.ts';
import { holdsSecondaryKeys } from '../hierarchy/tree.ts';

/** How far a question has come. */
export interface Way {
  /** The servers that looked already, in order, this one last. */
  readonly asked: readonly ServerName[];
  /** Unix ms by this server's clock. */
  readonly deadline: number;
}

/** Makes the call, within the time that is left. */
type Send<Answer> = (
  calls: MachineCalls,
  left: { readonly asked: ServerName[]; readonly remainingMs: number },
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
) => Promise<Answer>;

/** With less time than this, no answer from above can arrive. */
export const REMAINING_MS_MIN = 5;
/** How long heard options count before they are asked for again on behalf of a lookup that they would refuse. */
const REFRESH_MS = 100;

/** What a primary may say of this server that is outdated, or that a heartbeat corrects. */
const ABOUT_THIS_SERVER: ReadonlySet<LookupReason> = new Set([
  'option-off',
  'link-in-dmz',
  'refused-by-primary',
]);

export class WayUp {
  readonly #ports: Pick<
    HierarchyPorts,
    'clock' | 'reported' | 'hierarchyChanged' | 'rows' | 'server' | 'store' | 'timers'
  >;
  readonly #link: PrimaryLink;
  readonly #refreshLink: () => Promise<void>;
  #refreshing: Promise<void> | undefined;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  /** @param refreshLink a heartbeat, to hear the current option and DMZ mark of the primary. */
  constructor(
    ports: Pick<
      HierarchyPorts,
      'clock' | 'reported' | 'hierarchyChanged' | 'rows' | 'server' | 'store' | 'timers'
    >,
    link: PrimaryLink,
    refreshLink: () => Promise<void>,
  ) {
    this.#ports = ports;
    this.#link = link;
    this.#refreshLink = refreshLink;
    ports.hierarchyChanged.listen(() => {
      this.#refreshedAt = Number.NEGATIVE_INFINITY;
    });
  }

  refuse(reason: LookupReason, asked: readonly ServerName[], since?: string | null): Refused {
    return {
      outcome: 'not-found',
      reason,
      at: this.#ports.server,
      asked,
      ...(since === undefined ? {} : { since }),
    };
  }

  /** The primary, if a claim may go up to it; otherwise the reason. */
  async open({ asked, deadline }: Way): Promise<PrimaryRow | Refused> {
    if (asked.length > LOOKUP_DEPTH_MAX) return this.refuse('too-deep', asked);
    const { reader } = this.#ports.store;
    let { primary, verdict } = await this.#link.judge(reader);
    if (primary === undefined)
      return this.refuse((await holdsSecondaryKeys(this.#ports)) ? 'option-off' : 'unknown-key', asked);
    // What was heard may be a quarter of an hour old. Before a person is refused, ask again.
    if (verdict !== 'open' && verdict !== 'own-option-off' && !primary.dmz) {
      let inTime = true;
      let failure: unknown;
      try {
        inTime = await this.#refreshBefore(deadline);
      } catch (error) {
        failure = error;
      }
      ({ primary, verdict } = await this.#link.judge(reader));
      // It may have been heard all the same, and only storing that have failed on a full disk.
      if (failure !== undefined && verdict === 'not-heard') return this.#unreached(failure, asked);
      if (primary === undefined) return this.refuse('unknown-key', asked);
      if (!inTime && verdict === 'not-heard' && !this.#link.failing) return this.refuse('deadline', asked);
    }
    return this.#refusalBy(primary, verdict, asked) ?? primary;
  }

  /**
   * Asks the primary, and once more after a heartbeat if it refused by its old information about this server.
   *
   * @param take what the answer amounts to here.
   */
  async ask<Answer, Outcome extends { readonly outcome: 'found' }>(
    way: Way,
    primary: PrimaryRow,
    send: Send<Answer>,
    take: (answer: Answer, primary: PrimaryRow) => Promise<Outcome | Refused>,
  ): Promise<Outcome | Refused> {
    const outcome = await this.#askOnce(way, primary, send, take);
    const stale =
      outcome.outcome === 'not-found' &&
      outcome.at.id === this.#ports.server.id &&
      ABOUT_THIS_SERVER.has(outcome.reason);
    if (!stale) return outcome;
    // The heartbeat reports the current option and mark, and renews a certificate whose dates do not fit.
    await this.#refreshBefore(way.deadline).catch(() => undefined);
    const again = await this.open(way);
    return 'outcome' in again ? again : this.#askOnce(way, again, send, take);
  }

  /** The link was closed while the question or its answer was on its way. The reason is its state now. */
  async closedMeanwhile(asked: readonly ServerName[]): Promise<Refused> {
    const { primary, verdict } = await this.#link.judge(this.#ports.store.reader);
    if (primary === undefined) return this.refuse('unknown-key', asked);
    const refusal = this.#refusalBy(primary, verdict, asked);
    // It is open again, perhaps to another primary: the question got no answer.
    return refusal ?? this.refuse('primary-unreachable', asked, this.#link.unreachableSince);
  }

  async #askOnce<Answer, Outcome extends { readonly outcome: 'found' }>(
    { asked, deadline }: Way,
    primary: PrimaryRow,
    send: Send<Answer>,
    take: (answer: Answer, primary: PrimaryRow) => Promise<Outcome | Refused>,
  ): Promise<Outcome | Refused> {
    const remainingMs = timeForNextHop(deadline - this.#ports.clock());
    if (remainingMs < REMAINING_MS_MIN) return this.refuse('deadline', asked);
    let answer: Answer;
    try {
      answer = await this.#link.call(primary, true, (calls, signal) =>
        send(calls, { asked: [...asked], remainingMs }, { signal, timeoutMs: remainingMs }),
      );
    } catch (error) {
      if (codeOf(error) === 'link-closed') return this.closedMeanwhile(asked);
      return this.#unreached(error, asked);
    }
    return take(answer, primary);
  }

  /** Why no key crosses the link to the primary now; undefined if one may. */
  #refusalBy(primary: ServerName, verdict: LinkVerdict, asked: readonly ServerName[]): Refused | undefined {
    switch (verdict) {
      case 'open':
        return undefined;
      case 'dmz':
        return this.refuse('link-in-dmz', asked);
      case 'own-option-off':
        return this.refuse('option-off', asked);
      case 'neighbour-option-off':
        return { ...this.refuse('option-off', asked), at: { id: primary.id, name: primary.name } };
      case 'not-heard':
        return this.#link.refused
          ? this.refuse('refused-by-primary', asked)
          : this.refuse('primary-unreachable', asked, this.#link.unreachableSince);
    }
  }

  #unreached(error: unknown, asked: readonly ServerName[]): Refused {
    if (REFUSING.has(codeOf(error))) return this.refuse('refused-by-primary', asked);
    return this.refuse('primary-unreachable', asked, this.#link.unreachableSince);
  }

  /** False if the heartbeat takes longer. The caller then still learns the state of the link in time. */
  #refreshBefore(deadline: number): Promise<boolean> {
    return withinTime(this.#ports.timers, timeForNextHop(deadline - this.#ports.clock()), this.#refresh());
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
}
