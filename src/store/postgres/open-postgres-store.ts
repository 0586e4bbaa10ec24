/**
 * The store of one server in PostgreSQL: one connection that writes groups of works, some that read, one for what this
 * process and the others tell each other. docs/decisions/0014 and 0017 say why.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Store, WriteOptions } from '../store.ts';
import type { Transaction } from '../transaction.ts';
import { CommitQueue } from './commit-queue.ts';
import { explain, lostDatabase, mayPass } from './failure.ts';
import { beginFilling, emptyFilled, finishFilling, holdsNothing } from './fill.ts';
import { connectToPrimary } from './hosts.ts';
import { emptied, LastSeen, rolledBack } from './last-seen.ts';
import { OwnProcess } from './own-process.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import { PostgresReader } from './postgres-reader.ts';
import { snapshotOf } from './postgres-snapshot.ts';
import { ensureSchema } from './schema.ts';
import { DatabaseFault, type Row, type Session, type Value } from './session.ts';

/** Connections that read. Questions follow each other on each of them. */
const READERS = 4;

export interface PostgresStoreOptions {
  readonly place: DatabasePlace;
  /** Called when others took over what this process held; ends it. */
  readonly onFatal: (error: KeystairError) => never;
  /** Is told what is said to no caller: which hosts do not answer, and why. */
  readonly onTrouble?: (error: KeystairError) => void;
  /** How long filling waits for processes that may have been killed; longer than they count as living by default. */
  readonly aloneWaitMs?: number;
  /** The data directory of this process: what it knows committed is noted there, and held against the database. */
  readonly directory?: string | undefined;
  /** How long callers are put off while only a database with an older past answers. */
  readonly patienceMs?: number;
  /** Fills the database instead of serving it, under this name. */
  readonly filling?: string;
}

/** A store that is being filled; no server starts on it until `finish` has answered. */
export interface FilledStore extends Store {
  /** Removes what was loaded, by a broken-off filling too. */
  empty(): Promise<void>;
  finish(): Promise<void>;
}

/**
 * Throws `database-unreachable`, `database-refused`, `database-unsafe`, `data-newer`; `data-damaged` where it is half
 * filled; and with `filling` `data-in-use` where a process serves it, `already-exists` where it holds anything.
 */
export async function openPostgresStore({
  place,
  onFatal,
  onTrouble,
  filling,
  aloneWaitMs,
  directory,
  patienceMs,
}: PostgresStoreOptions): Promise<FilledStore> {
  const explainHere = (error: unknown): unknown => explain(error, place);
  /** Callers may be anybody, and are not told which hosts there are. */
  const explainRunning = (error: unknown): unknown => {
    const explained = explain(error, place);
    const code = codeOf(explained);
    if (code !== 'database-unreachable' && code !== 'database-rolled-back') return explained;
    onTrouble?.(explained as KeystairError);
    return code === 'database-unreachable'
      ? lostDatabase(error)
      : rolledBack('the database of this server has lost what it acknowledged', error);
  };
  const seen = new LastSeen({ place, directory, patienceMs, onTrouble });
  /** Where the walk over the hosts begins. */
  let begin = 0;
  const connect = (): Promise<Session> => {
    const { hosts } = place;
    const at = begin % hosts.length;
    return connectToPrimary({ ...place, hosts: [...hosts.slice(at), ...hosts.slice(0, at)] }, seen);
  };
  const suspect = ({ host: { host, port } }: Session): void => {
    begin = place.hosts.findIndex((one) => one.host === host && one.port === port) + 1;
  };
  const first = await connect().catch(async (error: unknown) => {
    // What was met is noted, so that a person can accept it.
    await seen.close();
    throw error;
  });
  const readers = new Readers(connect, first, explainRunning, (session) => seen.isPast(session.history));
  let closing: Promise<void> | undefined;
  const requireOpen = (): void => {
    if (closing !== undefined) throw closedError();
  };
  const reader = new PostgresReader(async (_, text, values = []) => {
    requireOpen();
    return readers.ask(text, values);
  });
  const own = new OwnProcess({
    connect,
    suspect,
    reader: () => reader,
    explain: explainRunning,
    onTrouble,
    onFatal,
  });
  try {
    if (seen.isKnown && (await holdsNothing(first))) throw emptied(place);
    await ensureSchema(first, place);
    await own.join(first, place, filling === undefined ? undefined : { waitMs: aloneWaitMs });
    if (filling !== undefined) await beginFilling(first, place, filling);
  } catch (error) {
    await own.leave();
    first.cut();
    throw explainHere(error);
  }
  seen.started();
  const queue = new CommitQueue({
    connect,
    suspect,
    seen,
    own,
    explain: explainRunning,
    onFatal,
  });
  const snapshots = new Set<Snapshot>();

  const alone = async (change: (session: Session) => Promise<void>): Promise<void> => {
    const session = await connect();
    try {
      await change(session);
    } catch (error) {
      throw explainHere(error);
    } finally {
      await session.end();
    }
  };

  const close = async (): Promise<void> => {
    await queue.close();
    for (const snapshot of snapshots) await snapshot.release();
    await own.leave();
    await readers.close();
    await seen.close();
  };

  return {
    facts: { kind: 'postgresql', place: shownPlace(place) },
    empty: () => alone(emptyFilled),
    finish: () => alone(finishFilling),
    reader,
    processes: own,
    write<T>(work: (transaction: Transaction) => Promise<T>, { led }: WriteOptions = {}): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (closing === undefined) {
          // The queue has explained, once for all works of a group, what is not a work's own.
          const refuse = (error: unknown): void =>
            reject(error instanceof DatabaseFault ? explainRunning(error) : error);
          const settle = (value: unknown): void => resolve(value as T);
          queue.add({ run: work, resolve: settle, reject: refuse, ...(led === true ? { led } : {}) });
        } else reject(closedError());
      });
    },
    whenSetBack: (heal) => queue.whenSetBack(heal),
    async snapshot() {
      requireOpen();
      const session = await connect().catch((error: unknown) => {
        throw explainRunning(error);
      });
      const snapshot = await snapshotOf(session, explainRunning, () => snapshots.delete(snapshot));
      snapshots.add(snapshot);
      return snapshot;
    },
    // What room a database has is its own affair: a full one refuses.
    freeBytes: async () => undefined,
    async checkStructure() {
      requireOpen();
      return gaps((text) => readers.ask(text, []));
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Asks each connection in turn; a lost one is replaced, and its question asked again. */
class Readers {
  readonly #connect: () => Promise<Session>;
  readonly #explain: (error: unknown) => unknown;
  readonly #sessions: (Promise<Session> | undefined)[];
  /** Whether it is connected to a primary that was replaced. */
  readonly #isPast: (session: Session) => boolean;
  #turn = 0;

  constructor(
    connect: () => Promise<Session>,
    first: Session,
    explainError: (error: unknown) => unknown,
    isPast: (session: Session) => boolean,
  ) {
    this.#isPast = isPast;
    this.#connect = connect;
    this.#explain = explainError;
    this.#sessions = Array.from({ length: READERS }, (_, at) =>
      at === 0 ? Promise.resolve(first) : undefined,
    );
  }

  async ask(text: string, values: readonly Value[]): Promise<readonly Row[]> {
    const at = (this.#turn = (this.#turn + 1) % READERS);
    for (let again = true; ; again = false) {
      const session = await this.#session(at);
      try {
        return (await session.query(text, values)).rows;
      } catch (error) {
        if (!session.isLost && !mayPass(error)) throw this.#explain(error);
        session.cut();
        if (!again) throw this.#explain(error);
      }
    }
  }

  async #session(at: number): Promise<Session> {
    const known = this.#sessions[at];
    const session = known === undefined ? undefined : await known.catch(() => undefined);
    if (session !== undefined && !session.isLost) {
      if (!this.#isPast(session)) return session;
      session.cut();
    }
    // Somebody else may have replaced it meanwhile.
    if (this.#sessions[at] !== known) return this.#session(at);
    const made = this.#connect();
    this.#sessions[at] = made;
    return made.catch((error: unknown) => {
      throw this.#explain(error);
    });
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) await (await session?.catch(() => undefined))?.end();
  }
}

/** Numbers are given without gaps, so what is missing was removed. */
async function gaps(ask: (text: string) => Promise<readonly Row[]>): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [table, what] of [
    ['keys', 'keys'],
    ['audit', 'lines of the audit log'],
  ] as const) {
    const [row] = await ask(`SELECT count(*), coalesce(max(seq), 0) FROM keystair.${table}`);
    const [count, last] = row as readonly [number, number];
    if (count !== last) problems.push(`of ${last} ${what} that were numbered, ${count} are there`);
  }
  return problems;
}

function closedError(): KeystairError {
  return new KeystairError('interrupted', 'the repository is closed, because the server is stopping', {
    nextStep: 'start the server again',
  });
}
