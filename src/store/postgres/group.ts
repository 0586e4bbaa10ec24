/**
 * One group of works in one transaction. The row that every group locks makes groups of all processes follow each other;
 * heads are read behind it. Invariant: nothing here says that a work is durable: the commit's answer does, or, where
 * that is lost, the group's marker.
 */
import { randomUUID } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { STORE_GROUP_BYTES_MAX } from '#domain/limits.ts';
import { SEQUENCE_START } from '#domain/sequence.ts';
import { type Settle, tryWork, type Work } from '../work.ts';
import type { GroupState } from './group-state.ts';
import { unsafeCommit } from './hosts.ts';
import { requireLead } from './lead.ts';
import { PostgresTransaction } from './postgres-transaction.ts';
import { DATA_FORMAT } from './schema.ts';
import { all } from './send-rows.ts';
import type { Answer, Session } from './session.ts';
import { WriteSet } from './write-set.ts';

/** A savepoint is a transaction within: above 64 of them each snapshot of anybody gets slower. */
const SAVEPOINTS_MAX = 32;

/** The one write of the row that every group locks: rare, since each leaves a dead version for as long as a backup reads. */
const RAISE_CHANGE = 'UPDATE keystair.repository SET change = change + 1';
/** Spares the others their waiting. */
const NOTIFY = "SELECT pg_notify('keystair', $1)";

/** How long a group may wait for its turn, and how long it may stand still. */
const BEGIN = (process: string): string => `
  BEGIN; SET LOCAL lock_timeout = '4s'; SET LOCAL statement_timeout = '15s';
  SET LOCAL idle_in_transaction_session_timeout = '5s';
  SELECT current_setting('synchronous_commit'), format, change FROM keystair.repository FOR NO KEY UPDATE;
  SELECT seq, chain FROM keystair.keys ORDER BY seq DESC LIMIT 1;
  SELECT seq, chain, mac FROM keystair.audit ORDER BY seq DESC LIMIT 1;
  SELECT 1 FROM keystair.processes WHERE id = '${process}'
`;

export interface Begun {
  readonly state: GroupState;
  readonly session: Session;
  /** The number of the last change before it. */
  readonly change: number;
  /** The number of the last key before it. */
  readonly keys: number;
}

/**
 * Begins a group: from here on no other writes. Throws what the database throws; `data-in-use` where other processes took
 * over what this one held, `database-unsafe` where its settings changed, `data-newer` where it was upgraded.
 */
export async function beginGroup(session: Session, process: string): Promise<Begun> {
  const answers = await session.script(BEGIN(process));
  const [settings, keys, audit, own] = answers.slice(-4) as [Answer, Answer, Answer, Answer];
  const [commit, format, change] = settings.rows[0] as [unknown, number, number];
  const problem = unsafeCommit(commit);
  if (problem !== false) {
    throw new KeystairError('database-unsafe', `the database ${problem}`, {
      nextStep: 'it would lose keys that were acknowledged; change that',
    });
  }
  if (format > DATA_FORMAT) {
    throw new KeystairError('data-newer', 'a newer release upgraded the database of this server', {
      nextStep: 'upgrade this process, too',
    });
  }
  if (own.rows.length === 0) {
    throw new KeystairError('data-in-use', 'other processes took over what this one held', {
      nextStep: 'start it again: it joins the others',
    });
  }
  const [key] = keys.rows;
  const [line] = audit.rows;
  const none = new Uint8Array(0);
  return {
    session,
    change,
    keys: (key?.[0] as number | undefined) ?? 0,
    state: {
      send: (text, values) => session.query(text, values),
      process,
      written: new WriteSet(),
      keys: key === undefined ? SEQUENCE_START : { seq: key[0] as number, chain: key[1] as Uint8Array },
      audit:
        line === undefined
          ? { seq: 0, chain: none, mac: none }
          : { seq: line[0] as number, chain: line[1] as Uint8Array, mac: line[2] as Uint8Array },
      isChanged: false,
      absent: new Set(),
    },
  };
}

/** Runs works, as many as one group should carry; one for each of them is told what became of it. */
export async function runWorks(begun: Begun, works: readonly Work[]): Promise<readonly Settle[]> {
  const { state } = begun;
  const settles: Settle[] = [];
  let bytes = 0;
  let savepoints = 0;
  for (const work of works) {
    const transaction = new PostgresTransaction(state);
    settles.push(await runWork(work.led === true ? underLead(begun, work) : work, transaction));
    bytes += transaction.bytes;
    if (transaction.usedSavepoint) savepoints += 1;
    if (bytes >= STORE_GROUP_BYTES_MAX || savepoints >= SAVEPOINTS_MAX) break;
  }
  return settles;
}

/** Behind a row that the next leader has to wait for, so whoever wakes up late changes nothing. */
function underLead({ state }: Begun, work: Work): Work {
  return {
    ...work,
    async run(transaction) {
      await requireLead(state.send, state.process);
      return work.run(transaction);
    },
  };
}

/** Throws only what undoes the whole group. */
async function runWork(work: Work, transaction: PostgresTransaction): Promise<Settle> {
  const { failed, settle } = await tryWork(work, transaction, (failure) => failure);
  if (transaction.undoesGroup) throw transaction.failure;
  await (failed ? transaction.undo() : transaction.keep());
  return settle;
}

export type Outcome = 'durable' | 'undone' | 'unknown';

/** The name under which a group can be asked for later. */
export function newMarker(): string {
  return randomUUID();
}

/**
 * Sends what the works wrote, and commits. `unknown` where the connection was lost, or where the database warned: it
 * then committed here, and perhaps nowhere else.
 */
export async function commitGroup(begun: Begun, marker: string): Promise<Outcome> {
  const { session, state } = begun;
  const warnings = session.warnings;
  const sent: Promise<unknown>[] = [state.written.send(state.send)];
  if (state.isChanged) sent.push(state.send(RAISE_CHANGE, []));
  if (state.isChanged || state.keys.seq !== begun.keys) sent.push(state.send(NOTIFY, [state.process]));
  const marked = state.send('INSERT INTO keystair.groups (id) VALUES ($1)', [marker]);
  const committed = state.send('COMMIT');
  const failed = await all([...sent, marked, committed]).then(
    () => undefined,
    (error: unknown) => error,
  );
  const answer = await committed.catch(() => undefined);
  if (answer?.command === 'COMMIT') return session.warnings === warnings ? 'durable' : 'unknown';
  if (answer?.command === 'ROLLBACK') throw failed ?? new Error('the database undid a group');
  return 'unknown';
}
