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
import { unsafeCommit } from './hosts.ts';
import type { GroupState } from './group-state.ts';
import { PostgresTransaction } from './postgres-transaction.ts';
import { all } from './send-rows.ts';
import type { Answer, Session } from './session.ts';
import { WriteSet } from './write-set.ts';

/** A savepoint is a transaction within: above 64 of them each snapshot of anybody gets slower. */
const SAVEPOINTS_MAX = 32;

/** How long a group may wait for its turn, and how long it may stand still. */
const BEGIN = `
  BEGIN; SET LOCAL lock_timeout = '4s'; SET LOCAL statement_timeout = '15s';
  SET LOCAL idle_in_transaction_session_timeout = '5s';
  SELECT current_setting('synchronous_commit') FROM keystair.repository FOR NO KEY UPDATE;
  SELECT holder FROM keystair.leases WHERE name = 'server';
  SELECT seq, chain FROM keystair.keys ORDER BY seq DESC LIMIT 1;
  SELECT seq, chain, mac FROM keystair.audit ORDER BY seq DESC LIMIT 1
`;

export interface Begun {
  readonly state: GroupState;
  readonly session: Session;
}

/**
 * Begins a group: from here on no other writes. Throws what the database throws; `data-in-use` where another process
 * took over, `database-unsafe` where its settings changed.
 */
export async function beginGroup(session: Session, holder: string): Promise<Begun> {
  const answers = await session.script(BEGIN);
  const [settings, lease, keys, audit] = answers.slice(-4) as [Answer, Answer, Answer, Answer];
  const problem = unsafeCommit(settings.rows[0]?.[0]);
  if (problem !== false) {
    throw new KeystairError('database-unsafe', `the database ${problem}`, {
      nextStep: 'it would lose keys that were acknowledged; change that',
    });
  }
  if (lease.rows[0]?.[0] !== holder) {
    throw new KeystairError('data-in-use', 'another process serves this database now', {
      nextStep: 'stop one of the two',
    });
  }
  const [key] = keys.rows;
  const [line] = audit.rows;
  const none = new Uint8Array(0);
  return {
    session,
    state: {
      send: (text, values) => session.query(text, values),
      written: new WriteSet(),
      keys: key === undefined ? SEQUENCE_START : { seq: key[0] as number, chain: key[1] as Uint8Array },
      audit:
        line === undefined
          ? { seq: 0, chain: none, mac: none }
          : { seq: line[0] as number, chain: line[1] as Uint8Array, mac: line[2] as Uint8Array },
      absent: new Set(),
    },
  };
}

/** Runs works, as many as one group should carry; one for each of them is told what became of it. */
export async function runWorks({ state }: Begun, works: readonly Work[]): Promise<readonly Settle[]> {
  const settles: Settle[] = [];
  let bytes = 0;
  let savepoints = 0;
  for (const work of works) {
    const transaction = new PostgresTransaction(state);
    settles.push(await runWork(work, transaction));
    bytes += transaction.bytes;
    if (transaction.usedSavepoint) savepoints += 1;
    if (bytes >= STORE_GROUP_BYTES_MAX || savepoints >= SAVEPOINTS_MAX) break;
  }
  return settles;
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
export async function commitGroup({ session, state }: Begun, marker: string): Promise<Outcome> {
  const warnings = session.warnings;
  const sent = state.written.send(state.send);
  const marked = state.send('INSERT INTO keystair.groups (id) VALUES ($1)', [marker]);
  const committed = state.send('COMMIT');
  const failed = await all([sent, marked, committed]).then(
    () => undefined,
    (error: unknown) => error,
  );
  const answer = await committed.catch(() => undefined);
  if (answer?.command === 'COMMIT') return session.warnings === warnings ? 'durable' : 'unknown';
  if (answer?.command === 'ROLLBACK') throw failed ?? new Error('the database undid a group');
  return 'unknown';
}
