/**
 * The link to the primary: what was heard over it, and whether a key may cross it now.
 *
 * Invariant: only what this process itself heard from the primary counts. After a start, nothing is sent or asked
 * before one heartbeat was answered, so that a change of option or DMZ mark meanwhile is never missed.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { judgeLink, type LinkVerdict, lineTo, ringAbove } from '#domain/hierarchy.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { Reader } from '#store/transaction.ts';
import { isoTime } from '../../environment/environment.ts';
import { Signal } from '../../environment/signal.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { type Options, readOptions } from '../../repository/settings.ts';
import { ringSentence } from '../ring.ts';
import type { Dialler } from './dialler.ts';
import { type Heard, isLately, isOutdated, type LinkMemory, readLinkMemory } from './link-memory.ts';
import { linkClosed, namedFailure, type PrimaryState, stateAfter } from './primary-failure.ts';
import { type PrimaryRow, readPrimary, readPrimaryContact } from './primary-row.ts';

/** Counts only for the primary that said it. */
type HeardOf = Heard & { readonly primaryId: string };

/** The primary gives no other reason for deferring, and nobody has to act. */
export const WHY_PUT_OFF =
  'it is low on disk space, or the budget of this server is used up; the rest is sent automatically after that';

export class PrimaryLink {
  readonly #ports: Pick<ServerPorts, 'clock' | 'rows' | 'server' | 'store'>;
  readonly #dialler: Dialler;
  #heard: HeardOf | undefined;
  #remembered: LinkMemory | undefined;
  #state: PrimaryState = 'never-heard';
  #lastHeardAt: number | null = null;
  /** Another process of this server heard it within the last heartbeats. */
  #isHeardElsewhere = false;
  #failingSince: number | null = null;
  #problem: string | null = null;
  /** The servers above this one as last reported, the nearest first. */
  #line: readonly ServerName[] = [];
  #console: string | undefined;
  #acknowledgedSeq = 0;
  #transmittedSeq = 0;
  #putOffUntil: number | null = null;
  /** Calls under way, and whether each carries keys or claims. */
  readonly #open = new Map<AbortController, boolean>();
  /**
   * A call failed, whatever its caller. What was heard no longer counts, and no key crosses before the next heartbeat.
   */
  readonly lost = new Signal();

  constructor(ports: Pick<ServerPorts, 'clock' | 'rows' | 'server' | 'store'>, dialler: Dialler) {
    this.#ports = ports;
    this.#dialler = dialler;
  }

  /**
   * Loads what an earlier run kept, to show it; it decides nothing.
   *
   * @param elsewhere what another process of this server keeps, which hears the primary now.
   */
  async remember(elsewhere = false): Promise<void> {
    const { rows, store, clock } = this.#ports;
    const primary = await readPrimary(rows, store.reader);
    const contact = primary === undefined ? undefined : await readPrimaryContact(store.reader, primary);
    if (contact === undefined) return;
    const heardAt = contact.lastHeartbeatAt;
    if (elsewhere) {
      this.#isHeardElsewhere = isLately(heardAt, clock(), await readOptions(rows, store.reader));
      if ((heardAt ?? 0) <= (this.#lastHeardAt ?? 0)) return;
      [this.#failingSince, this.#problem] = [null, null];
    }
    this.#lastHeardAt = heardAt;
    this.#remembered = readLinkMemory(contact);
    if (isOutdated(this.#heard, this.#remembered)) this.#heard = undefined;
    this.#line = this.#remembered.line;
    this.#console = this.#remembered.console;
    this.noteAcknowledged(this.#remembered.acknowledgedSeq);
  }

  get line(): readonly ServerName[] {
    return this.#line;
  }

  /** The address of the primary's console, by its own word. */
  get console(): string | undefined {
    return this.#console;
  }

  noteConsole(console: string | undefined): void {
    this.#console = console;
  }

  get acknowledgedSeq(): number {
    return this.#acknowledgedSeq;
  }

  get transmittedSeq(): number {
    return Math.max(this.#transmittedSeq, this.#acknowledgedSeq);
  }

  /** The state shown to people. `dmz` holds if either end marked the link. */
  show(primary: PrimaryRow) {
    const said = this.#heardOf(primary) ?? this.#remembered;
    return {
      id: primary.id,
      name: primary.name,
      state: this.#shownState(),
      useHierarchy: said?.useHierarchy ?? false,
      dmz: primary.dmz || (said?.dmz ?? false),
      acknowledgedSeq: this.#acknowledgedSeq,
      lastHeartbeatAt: this.#lastHeardAt === null ? null : isoTime(this.#lastHeardAt),
      problem: this.#problem ?? this.#putOffSentence() ?? this.#ringSentence(),
    };
  }

  #ringSentence(): string | null {
    const ring = ringAbove(this.#line);
    return ring === undefined ? null : ringSentence(ring);
  }

  #putOffSentence(): string | null {
    if (this.#putOffUntil === null) return null;
    return `it accepts no more transmissions before ${isoTime(this.#putOffUntil)}: ${WHY_PUT_OFF}`;
  }

  /** Unix ms until which the primary defers transmissions, by its own word; null: it takes them. */
  get putOffUntil(): number | null {
    return this.#putOffUntil;
  }

  notePutOff(until: number | null): void {
    this.#putOffUntil = until;
  }

  /** When the primary last answered a heartbeat, Unix ms. */
  get lastHeardAt(): number | null {
    return this.#lastHeardAt;
  }

  /** Right after a start, a primary heard in an earlier run is shown as not reached yet. */
  #shownState(): PrimaryState {
    if (this.#state === 'connected' || this.#state === 'refused') return this.#state;
    if (this.#isHeardElsewhere) return 'connected';
    return this.#lastHeardAt === null ? 'never-heard' : 'unreachable';
  }

  /** The last call was refused, rather than unable to get through. */
  get refused(): boolean {
    return this.#state === 'refused';
  }

  /** A call failed, and nothing was heard since. */
  get failing(): boolean {
    return this.#failingSince !== null;
  }

  /** ISO time since when the primary cannot be reached; null if it was never heard. */
  get unreachableSince(): string | null {
    return this.#lastHeardAt === null ? null : isoTime(this.#failingSince ?? this.#lastHeardAt);
  }

  /** The primary, and whether a key may cross to or from it by the rows as they are now. */
  async judge(reader: Reader): Promise<{ primary: PrimaryRow | undefined; verdict: LinkVerdict }> {
    const primary = await readPrimary(this.#ports.rows, reader);
    const options = await readOptions(this.#ports.rows, reader);
    return { primary, verdict: this.#verdict(primary, options) };
  }

  #verdict(primary: PrimaryRow | undefined, options: Options): LinkVerdict {
    const heard = this.#heardOf(primary);
    return judgeLink({
      ownOption: options.useHierarchy,
      neighbourOption: heard?.useHierarchy,
      ownDmz: primary?.dmz ?? false,
      neighbourDmz: heard?.dmz,
    });
  }

  /** An answer may be examined after this server left that primary and joined another. */
  #heardOf(primary: PrimaryRow | undefined): Heard | undefined {
    return this.#heard?.primaryId === primary?.id ? this.#heard : undefined;
  }

  /** What the primary's answer said of its option and its DMZ mark. */
  recordReport(primary: PrimaryRow, heard: Heard): void {
    const before = this.#heardOf(primary);
    const changed = before?.useHierarchy !== heard.useHierarchy || before.dmz !== heard.dmz;
    this.#heard = { primaryId: primary.id, useHierarchy: heard.useHierarchy, dmz: heard.dmz };
    this.#state = 'connected';
    this.#lastHeardAt = this.#ports.clock();
    this.#failingSince = null;
    this.#problem = null;
    if (changed && (heard.dmz || !heard.useHierarchy)) this.closeStreams();
  }

  noteLine(primary: ServerName, above: readonly ServerName[]): void {
    this.#line = lineTo(this.#ports.server, primary, above);
  }

  noteProblem(problem: string | null): void {
    this.#problem = problem;
  }

  noteTransmitted(seq: number): void {
    this.#transmittedSeq = Math.max(this.#transmittedSeq, seq);
  }

  noteAcknowledged(seq: number): void {
    this.#acknowledgedSeq = seq;
    this.#transmittedSeq = seq;
  }

  /** The body of the contact row that keeps the link to show after a restart. */
  memory(): string {
    const { useHierarchy = false, dmz = false } = this.#heard ?? {};
    const [acknowledgedSeq, line, console] = [this.#acknowledgedSeq, this.#line, this.#console];
    return JSON.stringify({ useHierarchy, dmz, acknowledgedSeq, line, console } satisfies LinkMemory);
  }

  /** Forgets everything heard: the primary was left or replaced. Answers that it still sends count for nothing. */
  forget(): void {
    this.#abort([...this.#open.keys()]);
    this.#dialler.close();
    this.#heard = undefined;
    this.#remembered = undefined;
    this.#state = 'never-heard';
    this.#lastHeardAt = null;
    this.#isHeardElsewhere = false;
    this.#failingSince = null;
    this.#problem = null;
    this.#putOffUntil = null;
    this.#line = [];
    this.#console = undefined;
    this.#acknowledgedSeq = 0;
    this.#transmittedSeq = 0;
  }

  /**
   * Calls the primary and notes whether it was reached. The call ends when the primary is left.
   *
   * @param keys whether the call carries keys or claims. Such a call is also cut when the link closes.
   */
  async call<T>(
    primary: PrimaryRow,
    keys: boolean,
    make: (calls: MachineCalls, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    this.#open.set(controller, keys);
    let called = false;
    try {
      const calls = await this.#dialler.calls(primary);
      if (controller.signal.aborted) throw linkClosed();
      called = true;
      const answer = await make(calls, controller.signal);
      if (controller.signal.aborted) throw linkClosed();
      return answer;
    } catch (thrown) {
      if (controller.signal.aborted) throw linkClosed();
      const error = namedFailure(thrown, primary);
      this.#noteFailure(error, called);
      throw error;
    } finally {
      this.#open.delete(controller);
    }
  }

  /** Ends every call that carries keys, before it returns. */
  closeStreams(): void {
    this.#abort([...this.#open].filter(([, keys]) => keys).map(([controller]) => controller));
  }

  #abort(calls: readonly AbortController[]): void {
    for (const call of calls) {
      this.#open.delete(call);
      call.abort();
    }
  }

  /** @param called whether the primary was to answer. */
  #noteFailure(error: unknown, called: boolean): void {
    const code = codeOf(error);
    // It answered: it is busy, or older than this call.
    if (code === 'later' || code === 'disk-low' || code === 'disk-full' || code === 'not-found') return;
    this.#state = called && error instanceof KeystairError ? stateAfter(code) : 'unreachable';
    this.#failingSince ??= this.#ports.clock();
    this.#problem =
      error instanceof KeystairError ? error.sentence : 'the call to the primary failed; check the log';
    // What was heard is stale: ask again before a key moves.
    if (this.#heard === undefined) return;
    this.#heard = undefined;
    this.lost.raise();
  }
}
