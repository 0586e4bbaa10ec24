/**
 * The climb: decides when to heartbeat and when to transmit. One runs at a time; triggers meanwhile lead to one more.
 * Failures wait with full jitter, doubling, so that a returning primary does not meet all its secondaries at once.
 */
import { backOffMs, spreadMs } from '#domain/backoff.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { TREE_CHANGES_MS } from '#domain/limits.ts';
import type { Position } from '#domain/sequence.ts';
import { step } from '#domain/step.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import { isoTime } from '../../environment/environment.ts';
import { OPTIONS_DEFAULT, readOptions } from '../../repository/settings.ts';
import type { HierarchyPorts } from '../ports.ts';
import { heartbeat } from './heartbeat.ts';
import { type PrimaryLink, WHY_PUT_OFF } from './primary-link.ts';
import { type PrimaryRow, readPrimary } from './primary-row.ts';
import { withFreshCertificate } from './renew-membership.ts';
import { transmit } from './transmit.ts';

/** Rounds of heartbeat and transmission in one climb; more means that the two sides do not agree. */
const ROUNDS_MAX = 4;

type UpwardPorts = Omit<HierarchyPorts, 'reported' | 'wanted'>;
type Trigger = 'heartbeat' | 'transmission';

interface PrimaryPosition {
  readonly primary: PrimaryRow;
  readonly epoch: string;
  readonly acknowledged: Position;
}

export class UpwardTransmission {
  readonly #ports: UpwardPorts;
  readonly #link: PrimaryLink;
  readonly #tree: () => Promise<readonly TreeServer[]>;
  /** The primary's acknowledged position from its last answer. Undefined: ask first. */
  #primaryPosition: PrimaryPosition | undefined;
  #running: Promise<number> | undefined;
  #again: Trigger | undefined;
  #failures = 0;
  #answered = 0;
  #cancelTimer: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  #cancelPutOff: (() => void) | undefined;
  #cancelTreeWait: (() => void) | undefined;
  /** Something below changed since the last change was reported. */
  #treeWaits = false;
  /** Nothing begins by itself before; a person may ask at any process. */
  #started = false;
  #stopping = false;
  #unlisten: (() => void)[] = [];

  constructor(ports: UpwardPorts, link: PrimaryLink, tree: () => Promise<readonly TreeServer[]>) {
    this.#ports = ports;
    this.#link = link;
    this.#tree = tree;
  }

  start(): void {
    this.#started = true;
    this.#stopping = false;
    this.#unlisten = [
      this.#ports.keysRecorded.listen(() => this.#keysCame()),
      this.#ports.hierarchyChanged.listen(() => this.#trigger('heartbeat')),
      this.#ports.treeChanged.listen(() => this.#treeChanged()),
      // A failed lookup must not make new keys wait for the regular heartbeat.
      this.#link.lost.listen(() => {
        if (this.#running === undefined && this.#failures === 0) this.#soon();
      }),
    ];
    this.#trigger('heartbeat');
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#stopping = true;
    for (const unlisten of this.#unlisten) unlisten();
    this.#cancelTimer?.();
    this.#cancelLook?.();
    this.#cancelPutOff?.();
    this.#cancelTreeWait?.();
    this.#link.closeStreams();
    await this.#running?.catch(() => undefined);
  }

  /**
   * Heartbeats now and transmits what that leads to. Resolves with the number of keys acknowledged; throws on failure.
   * The caller may know that the primary takes keys again, so an earlier deferral is ignored.
   */
  async now(): Promise<number> {
    // A climb that is already running may have looked before the caller's change.
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    this.#link.notePutOff(null);
    const transmitted = await this.#run('heartbeat');
    const until = this.#link.putOffUntil;
    if (until === null) return transmitted;
    const primary = await readPrimary(this.#ports.rows, this.#ports.store.reader);
    throw new KeystairError(
      'later',
      `${primary?.name ?? 'the primary'} accepts no more transmissions before ${isoTime(until)}`,
      { nextStep: `nothing to do: ${WHY_PUT_OFF}` },
    );
  }

  /** A heartbeat alone, to hear how the primary's option and DMZ mark stand now. */
  async refresh(): Promise<void> {
    const result = await this.#heartbeat();
    this.#primaryPosition ??= result;
  }

  async #heartbeat(): Promise<PrimaryPosition> {
    const result = await withFreshCertificate(this.#ports, this.#link, () =>
      heartbeat(this.#ports, this.#link, this.#tree),
    );
    this.#answered += 1;
    return result;
  }

  /** The caller that brought the key is answered first. Keys that arrive in the same moment share one look. */
  #keysCame(): void {
    this.#cancelLook ??= this.#ports.timers.after(0, () => {
      this.#cancelLook = undefined;
      // If the rows cannot be read now, the next heartbeat takes the keys along.
      this.#onKeys().catch(() => undefined);
    });
  }

  async #onKeys(): Promise<void> {
    const { rows, store } = this.#ports;
    if ((await readPrimary(rows, store.reader)) === undefined) return;
    const options = await readOptions(rows, store.reader);
    if (options.transmit === 'immediately') this.#trigger('transmission');
  }

  /** Reports the first change at once, later ones together. After failures the timer does: no secondary hastens it. */
  #treeChanged(): void {
    if (this.#failures > 0 || !this.#started) return;
    if (this.#cancelTreeWait !== undefined) {
      this.#treeWaits = true;
      return;
    }
    this.#trigger('heartbeat');
    this.#cancelTreeWait = this.#ports.timers.after(TREE_CHANGES_MS, () => {
      this.#cancelTreeWait = undefined;
      const waits = this.#treeWaits;
      this.#treeWaits = false;
      if (waits) this.#treeChanged();
    });
  }

  #trigger(what: Trigger): void {
    if (!this.#started) return;
    if (this.#running !== undefined) {
      if (this.#again !== 'heartbeat') this.#again = what;
      return;
    }
    // After failures or a deferral a new key does not hasten the next try: the timer decides.
    if (what === 'transmission' && (this.#failures > 0 || this.#link.putOffUntil !== null)) return;
    this.#run(what).catch(() => undefined);
  }

  #run(what: Trigger): Promise<number> {
    this.#running ??= this.#upward(what).finally(() => {
      this.#running = undefined;
      // A trigger that arrived after the last look.
      const again = this.#again;
      this.#again = undefined;
      if (again !== undefined) this.#trigger(again);
    });
    return this.#running;
  }

  async #upward(what: Trigger): Promise<number> {
    let transmitted = 0;
    let next: Trigger | undefined = what;
    const answeredBefore = this.#answered;
    try {
      if ((await readPrimary(this.#ports.rows, this.#ports.store.reader)) === undefined) {
        throw new KeystairError('no-primary', 'this server has no primary', {
          nextStep: step('join-hierarchy'),
        });
      }
      while (next !== undefined && !this.#stopping) {
        transmitted += await this.#rounds(next);
        // Taken only here: a trigger dropped before anything was looked at could be the timer's only one.
        next = this.#again;
        this.#again = undefined;
      }
      this.#failures = 0;
      // New keys do not postpone the next heartbeat: only a heartbeat shows that a link was opened again.
      if (this.#link.failing) this.#soon();
      else if (this.#answered > answeredBefore) await this.#schedule();
      return transmitted;
    } catch (error) {
      this.#primaryPosition = undefined;
      // New keys wait for the timer. A change of the hierarchy is looked at now.
      if (this.#again === 'transmission') this.#again = undefined;
      if (codeOf(error) === 'no-primary') {
        this.#failures = 0;
      } else {
        this.#failures += 1;
        this.#ports.log.warn(
          {
            event: 'climb-failed',
            code: codeOf(error),
            failures: this.#failures,
            because: sentenceOf(error),
          },
          'the heartbeat or transmission to the primary failed',
        );
        await this.#backOff();
      }
      throw error;
    }
  }

  async #rounds(what: Trigger): Promise<number> {
    let transmitted = 0;
    if (what === 'heartbeat') this.#primaryPosition = undefined;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const position: PrimaryPosition = this.#primaryPosition ?? (await this.#heartbeat());
      if (this.#link.putOffUntil !== null) {
        this.#primaryPosition = position;
        return transmitted;
      }
      const result = await transmit(this.#ports, this.#link, position);
      transmitted += result.transmitted;
      if (result.outcome === 'put-off') {
        this.#primaryPosition = { ...position, acknowledged: result.position };
        this.#putOff(result.waitMs);
        return transmitted;
      }
      if (result.outcome === 'done') {
        // If the primary closed the link, ask for its state before the next key.
        this.#primaryPosition = result.closed ? undefined : { ...position, acknowledged: result.position };
        return transmitted;
      }
      this.#primaryPosition = undefined;
    }
    throw new KeystairError(
      'batch-discontinuous',
      'this server and its primary disagree on what was received',
      {
        nextStep: step('verify-both'),
      },
    );
  }

  /**
   * Defers batches until the primary has room; heartbeats continue. A tenth of jitter, and never sooner than it said.
   */
  #putOff(leastMs: number): void {
    const waitMs = Math.ceil(leastMs * (1 + 0.1 * this.#fraction()));
    const until = this.#ports.clock() + waitMs;
    this.#link.notePutOff(until);
    this.#ports.log.warn(
      { event: 'transmission-put-off', until: isoTime(until) },
      'the primary accepts no more transmissions for now',
    );
    this.#cancelPutOff?.();
    if (!this.#started) return;
    this.#cancelPutOff = this.#ports.timers.after(waitMs, () => {
      this.#link.notePutOff(null);
      this.#trigger('transmission');
    });
  }

  async #schedule(): Promise<void> {
    const { heartbeatMs } = await readOptions(this.#ports.rows, this.#ports.store.reader);
    // A tenth of jitter, so that branches switched on together do not stay in step.
    this.#after(spreadMs(heartbeatMs, this.#fraction()));
  }

  /** Never longer than until the next heartbeat: by then a primary that returned is found. */
  async #backOff(): Promise<void> {
    const { rows, store } = this.#ports;
    const { heartbeatMs } = await readOptions(rows, store.reader).catch(() => OPTIONS_DEFAULT);
    this.#after(backOffMs(this.#failures, this.#fraction(), heartbeatMs));
  }

  /** After the call of another caller failed. */
  #soon(): void {
    this.#after(backOffMs(1, this.#fraction()));
  }

  #after(ms: number): void {
    if (!this.#started) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#ports.timers.after(ms, () => this.#trigger('heartbeat'));
  }

  #fraction(): number {
    return Buffer.from(this.#ports.random(4)).readUInt32BE(0) / 2 ** 32;
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof KeystairError ? error.sentence : 'an internal failure';
}
