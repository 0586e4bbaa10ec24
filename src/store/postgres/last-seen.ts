/**
 * What this process last knew committed, held against every database that it connects to. Invariants: nothing is written
 * to a database with an older past than the one that acknowledged, before a person said so; and no group of works runs
 * where acknowledged commits are gone, before their loss is recorded.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LostRange } from '#domain/past-events.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Position } from '#domain/sequence.ts';
import { step } from '#domain/step.ts';
import type { AuditHead } from '../rows.ts';
import type { AcceptedRollback, History, Setback } from '../setback.ts';
import type { GroupState } from './group-state.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import { type Kept, readAccepted, readKept, removeAccepted, type Seen, writeKept } from './seen-file.ts';

/** Between two writes of the file: a kill loses what was seen since, which a second start then trusts. */
const KEPT_MS = 1000;
/** An old primary that was cut off answers until it is demoted, which takes Patroni its ttl. */
const PATIENCE_MS = 60_000;

export interface LastSeenOptions {
  readonly place: DatabasePlace;
  /** The data directory of the process; without one it is known only as long as the process lives. */
  readonly directory?: string | undefined;
  readonly patienceMs?: number | undefined;
  /** Is told that the file cannot be written. */
  readonly onTrouble?: ((error: KeystairError) => void) | undefined;
}

export class LastSeen {
  readonly #options: LastSeenOptions;
  #seen: Seen | undefined;
  #met: History | undefined;
  #accepted: AcceptedRollback | undefined;
  /** Since when only a database with an older past answers; a start has nobody to put off. */
  #olderSince: number | undefined;
  #isStart = true;
  #unsaved = false;
  #isSaving = false;
  #writing: Promise<void> = Promise.resolve();

  /** Throws `data-damaged` where its file is damaged. */
  constructor(options: LastSeenOptions) {
    this.#options = options;
    const kept = options.directory === undefined ? undefined : readKept(options.directory);
    this.#seen = kept?.seen;
  }

  /** Whether this process, or one before it in the same directory, knew anything committed. */
  get isKnown(): boolean {
    return this.#seen !== undefined;
  }

  /**
   * Judges a database that was connected to.
   *
   * @returns `database-rolled-back` for another instance, and for an older past at the start or after a minute; until then
   * `database-unreachable`. Undefined for the one that acknowledged, and what followed it.
   */
  faultOf(found: History): KeystairError | undefined {
    const seen = this.#seen;
    if (seen === undefined) return undefined;
    const isOther = found.system !== seen.system;
    if (!isOther && found.timeline >= seen.timeline) {
      this.#met = undefined;
      this.#olderSince = undefined;
      return undefined;
    }
    if (this.#takeAccepted(seen, found)) return undefined;
    this.#met = found;
    this.#save();
    const where = shownPlace(this.#options.place);
    if (isOther) return rolledBack(`the database ${where} is not the one that this server wrote to`);
    this.#olderSince ??= performance.now();
    const { patienceMs = PATIENCE_MS } = this.#options;
    const lasts = this.#isStart || performance.now() - this.#olderSince >= patienceMs;
    const what = `the database ${where} has an older past than the one that acknowledged last: its timeline is ${found.timeline}, and ${seen.timeline} was seen`;
    if (lasts) return rolledBack(what);
    return new KeystairError('database-unreachable', what, { nextStep: 'try again in a moment' });
  }

  /** Whether another primary, of a newer timeline, has acknowledged since. */
  isPast(history: History | undefined): boolean {
    const seen = this.#seen;
    return seen !== undefined && history?.system === seen.system && history.timeline < seen.timeline;
  }

  /** What a person said of this database. */
  #takeAccepted(seen: Seen, found: History): boolean {
    const { directory } = this.#options;
    const accepted = directory === undefined ? undefined : readAccepted(directory);
    if (accepted === undefined || !same(accepted.found, found) || !same(accepted.seen, seen)) return false;
    this.#accepted = accepted;
    this.#seen = { ...seen, ...found };
    this.#met = undefined;
    this.#olderSince = undefined;
    return true;
  }

  /** From here on callers wait for answers. */
  started(): void {
    this.#isStart = false;
  }

  /** In a group on a new connection, before its works. @returns what is to be healed. */
  async setbackIn({ send, keys, audit }: GroupState): Promise<Setback | undefined> {
    const seen = this.#seen;
    if (seen === undefined) return undefined;
    const { rows } = await send(
      `SELECT (SELECT chain FROM keystair.keys WHERE seq = $1), (SELECT mac FROM keystair.audit WHERE seq = $2)`,
      [seen.keys.seq, seen.audit.seq],
    );
    const [chain, mac] = rows[0] as [Uint8Array | null, Uint8Array | null];
    const keysLost = rangeOf(seen.keys.seq, keys.seq, chain, seen.keys.chain);
    const linesLost = rangeOf(seen.audit.seq, audit.seq, mac, seen.audit.mac);
    const isLost = keysLost.kept !== keysLost.seen || linesLost.kept !== linesLost.seen;
    if (!isLost && this.#accepted === undefined) return undefined;
    const lost = isLost ? { keys: keysLost, lines: linesLost, mac: seen.audit.mac } : undefined;
    return { lost, accepted: this.#accepted };
  }

  /** A group is known durable: both heads after it. Whatever was set back before is healed. */
  committed({ system, timeline }: History, keys: Position, audit: AuditHead): void {
    this.#seen = {
      system,
      timeline,
      keys: { seq: keys.seq, chain: hexOf(keys.chain) },
      audit: { seq: audit.seq, mac: hexOf(audit.mac) },
    };
    if (this.#accepted !== undefined && this.#options.directory !== undefined)
      removeAccepted(this.#options.directory);
    this.#accepted = undefined;
    this.#met = undefined;
    this.#save();
  }

  #save(): void {
    if (this.#options.directory === undefined) return;
    this.#unsaved = true;
    if (!this.#isSaving) void this.#saveInTurn();
  }

  async #saveInTurn(): Promise<void> {
    this.#isSaving = true;
    while (this.#unsaved) {
      await this.#write();
      await sleep(KEPT_MS, undefined, { ref: false });
    }
    this.#isSaving = false;
  }

  #write(): Promise<void> {
    const { directory, onTrouble } = this.#options;
    this.#writing = this.#writing.then(async () => {
      const seen = this.#seen;
      if (!this.#unsaved || seen === undefined || directory === undefined) return;
      this.#unsaved = false;
      const met = this.#met;
      const kept: Kept = { seen, ...(met === undefined ? {} : { met }) };
      await writeKept(directory, kept).catch((cause: unknown) => onTrouble?.(notKept(directory, cause)));
    });
    return this.#writing;
  }

  /** Writes what is not written yet. */
  close(): Promise<void> {
    return this.#write();
  }
}

/** Up to where the sequence is as it was seen. */
function rangeOf(seen: number, head: number, found: Uint8Array | null, known: string): LostRange {
  if (seen === 0 || (found !== null && hexOf(found) === known)) return { seen, kept: seen };
  return { seen, kept: head < seen ? head : null };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function same(left: History, right: History): boolean {
  return left.system === right.system && left.timeline === right.timeline;
}

export function rolledBack(what: string, cause?: unknown): KeystairError {
  return new KeystairError('database-rolled-back', what, { nextStep: step('accept-rollback'), cause });
}

/** Nothing is left in a database that this process wrote to; a new server in it would hide that. */
export function emptied(place: DatabasePlace): KeystairError {
  return new KeystairError(
    'database-rolled-back',
    `the database ${shownPlace(place)} is empty, and this server wrote to it before`,
    { nextStep: step('restore-into-database') },
  );
}

function notKept(directory: string, cause: unknown): KeystairError {
  return new KeystairError(
    'data-not-writable',
    `what the database acknowledged cannot be noted in ${directory}`,
    { nextStep: 'free some space there: a restart would not notice a database that lost commits', cause },
  );
}
