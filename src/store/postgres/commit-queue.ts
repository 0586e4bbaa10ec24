/**
 * The queue of works and the fate of a group. All works that wait when a group gets its turn share it. A group whose
 * fate is unknown is asked for, behind the lock, before anything else is written: nobody is told what is not known.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { STORE_GROUP_WORKS_MAX } from '#domain/limits.ts';
import type { Setback } from '../setback.ts';
import type { Transaction } from '../transaction.ts';
import type { Settle, Work } from '../work.ts';
import { lostDatabase, mayPass } from './failure.ts';
import { type Begun, beginGroup, commitGroup, newMarker, runWorks } from './group.ts';
import type { LastSeen } from './last-seen.ts';
import type { OwnProcess } from './own-process.ts';
import type { Recorded } from './process-rows.ts';
import type { Session } from './session.ts';

/** While a database fails over, works wait so long before they are answered "later". */
const WAIT_MS_MAX = 15_000;
const PAUSE_MS = 200;
/** A commit that waits for its standby longer than that is cut, and then asked for. */
const COMMIT_MS_MAX = 15_000;
/** Markers are asked for within seconds; an hour is for a process that was paused. */
const MARKERS_KEPT = '1 hour';
/** Groups between two removals of old markers. */
const GROUPS_A_SWEEP = 1000;

/** Records what was set back, and heals what can be. */
export type Heal = (transaction: Transaction, setback: Setback) => Promise<void>;

export interface CommitQueuePorts {
  /** Connects to the primary. */
  readonly connect: () => Promise<Session>;
  /** A primary does not confirm: one that was replaced, and does not know it, never will. The others are asked first. */
  readonly suspect: (session: Session) => void;
  readonly seen: LastSeen;
  /** This process among those that serve the repository. */
  readonly own: OwnProcess;
  /** The error as a caller should see it. */
  readonly explain: (error: unknown) => unknown;
  /** Ends the process. */
  readonly onFatal: (error: KeystairError) => never;
}

export class CommitQueue {
  readonly #ports: CommitQueuePorts;
  #queue: Work[] = [];
  #session: Session | undefined;
  #running: Promise<void> | undefined;
  #groups = 0;
  #dead: KeystairError | undefined;
  /** The connection whose database has not yet been asked for what was seen. */
  #unasked: Session | undefined;
  #setback: Setback | undefined;
  #heal: Heal | undefined;

  constructor(ports: CommitQueuePorts) {
    this.#ports = ports;
  }

  /** @param heal runs before any work where acknowledged commits are gone. */
  whenSetBack(heal: Heal): void {
    this.#heal = heal;
  }

  add(work: Work): void {
    if (this.#dead !== undefined) {
      work.reject(this.#dead);
      return;
    }
    this.#queue.push(work);
    this.#running ??= this.#run();
  }

  /** Resolves when no work is left. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    await this.drained();
    await this.#session?.end();
  }

  async #run(): Promise<void> {
    // Works that are asked for in one turn come together.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) await this.#runGroup();
    this.#running = undefined;
  }

  async #runGroup(): Promise<void> {
    let begun: Begun;
    try {
      begun = await this.#begin();
    } catch (error) {
      const explained = this.#ports.explain(error);
      for (const work of this.#queue.splice(0)) work.reject(explained);
      const code = codeOf(explained);
      if (code === 'data-in-use' || code === 'data-newer') this.#end(explained as KeystairError);
      return;
    }
    // Taken now: while the group waited for its turn, more may have come.
    const works = this.#queue.splice(0, STORE_GROUP_WORKS_MAX);
    let settles: readonly Settle[];
    try {
      await this.#healIn(begun);
      await this.#hearIn(begun);
      settles = await runWorks(begun, works);
    } catch (error) {
      this.#cut(begun.session);
      const explained = this.#ports.explain(error);
      for (const work of works) work.reject(explained);
      if (codeOf(error) === 'database-rolled-back') this.#end(error as KeystairError);
      return;
    }
    this.#queue.unshift(...works.slice(settles.length));
    await this.#settle(begun, works.slice(0, settles.length), settles);
  }

  #end(error: KeystairError): void {
    this.#dead = error;
    this.#ports.onFatal(error);
  }

  /** Throws what keeps it from being recorded: then nothing else of the group is either. */
  async #healIn(begun: Begun): Promise<void> {
    const [setback, heal] = [this.#setback, this.#heal];
    if (setback === undefined || heal === undefined) return;
    await runFirst(begun, (transaction) => heal(transaction, setback));
  }

  /** What was changed, by this process too, is heard of before anything more is decided. */
  async #hearIn(begun: Begun): Promise<void> {
    const { own } = this.#ports;
    if (begun.change === own.heard) return;
    await runFirst(begun, (transaction) => own.hear(transaction, begun.change));
  }

  async #settle(begun: Begun, works: readonly Work[], settles: readonly Settle[]): Promise<void> {
    const marker = newMarker();
    const timer = setTimeout(() => {
      this.#ports.suspect(begun.session);
      this.#cut(begun.session);
    }, COMMIT_MS_MAX);
    timer.unref();
    try {
      let outcome = await commitGroup(begun, marker);
      if (outcome === 'unknown') outcome = await this.#askFor(marker);
      if (outcome === 'durable') {
        this.#noteDurable(begun);
        for (const settle of settles) settle();
        await this.#sweepMarkers();
        return;
      }
      const error = outcome === 'undone' ? lostDatabase(undefined) : unknownOutcome();
      for (const work of works) work.reject(error);
    } catch (error) {
      const explained = this.#ports.explain(error);
      for (const work of works) work.reject(explained);
    } finally {
      clearTimeout(timer);
    }
  }

  /** While nobody can record what was set back, the older knowledge stands. */
  #noteDurable(begun: Begun): void {
    this.#ports.own.recorded(recordedIn(begun));
    const { session, state } = begun;
    if (this.#setback !== undefined && this.#heal === undefined) return;
    this.#setback = undefined;
    const { history } = session;
    if (history !== undefined) this.#ports.seen.committed(history, state.keys, state.audit);
  }

  /** Waits for the turn of this process, through failovers and other holders of the lock. */
  async #begin(): Promise<Begun> {
    const { own } = this.#ports;
    for (const until = Date.now() + WAIT_MS_MAX; ; ) {
      let session: Session | undefined;
      try {
        session = await this.#connected();
        const begun = await beginGroup(session, own.process);
        own.found(recordedIn(begun));
        if (this.#unasked === session) {
          this.#setback = await this.#ports.seen.setbackIn(begun.state);
          this.#unasked = undefined;
        }
        return begun;
      } catch (error) {
        if (session !== undefined) this.#cut(session);
        const passes =
          error instanceof KeystairError ? codeOf(error) === 'database-unreachable' : mayPass(error);
        if (!passes || Date.now() >= until) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  async #connected(): Promise<Session> {
    if (this.#session === undefined || this.#session.isLost) {
      this.#session = await this.#ports.connect();
      this.#unasked = this.#session;
    }
    return this.#session;
  }

  #cut(session: Session): void {
    session.cut();
    if (this.#session === session) this.#session = undefined;
  }

  /**
   * Whether the group of that marker was committed. Asked in a transaction that holds the lock: the fate of everything
   * before it is decided, and its own commit waits until all that it saw is on the standby.
   */
  async #askFor(marker: string): Promise<'durable' | 'undone' | 'unknown'> {
    if (this.#session !== undefined) this.#cut(this.#session);
    for (const until = Date.now() + WAIT_MS_MAX; Date.now() < until; ) {
      try {
        const begun = await this.#begin();
        const { rows } = await begun.session.query('SELECT 1 FROM keystair.groups WHERE id = $1', [marker]);
        if ((await commitGroup(begun, newMarker())) === 'durable') {
          return rows.length > 0 ? 'durable' : 'undone';
        }
      } catch {
        // Asked again.
      }
      if (this.#session !== undefined) this.#cut(this.#session);
      await sleep(PAUSE_MS);
    }
    return 'unknown';
  }

  async #sweepMarkers(): Promise<void> {
    this.#groups += 1;
    if (this.#groups % GROUPS_A_SWEEP !== 1) return;
    try {
      const session = await this.#connected();
      await session.query(
        `DELETE FROM keystair.groups WHERE at < clock_timestamp() - interval '${MARKERS_KEPT}'`,
      );
    } catch (error) {
      // A later sweep takes them.
      if (!mayPass(error)) throw error;
    }
  }
}

/** The heads of both sequences, as a group has them now. */
function recordedIn({ state: { keys, audit } }: Begun): Recorded {
  return { keys: keys.seq, lines: audit.seq };
}

/** Before the works of a group, as one of them. Throws its failure. */
async function runFirst(begun: Begun, run: Work['run']): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const work: Work = { run, resolve: () => undefined, reject: (error) => (failure = { error }) };
  const [settle] = await runWorks(begun, [work]);
  settle?.();
  if (failure !== undefined) throw failure.error;
}

function unknownOutcome(): KeystairError {
  return new KeystairError(
    'outcome-unknown',
    'the database of this server was lost while it made the change, and does not answer',
    { nextStep: 'try again in a moment: what was made already is recognised' },
  );
}
