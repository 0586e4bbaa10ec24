/**
 * The rows of the processes that serve one repository. Invariants: the clock of the database alone decides who lives; a
 * process whose row is gone writes nothing more, since each group asks for it behind the lock under which it is removed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KeystairError } from '#domain/errors.ts';
import type { LivingProcess, ProcessFacts, ProcessState } from '../processes.ts';
import { refuseFilling } from './fill.ts';
import { type DatabasePlace, shownPlace } from './place.ts';
import type { Session } from './session.ts';

/** After that long without a sign, a process counts as ended, and another may take over what it held. */
const ALIVE_SECONDS = 10;
const ALIVE = `clock_timestamp() - interval '${ALIVE_SECONDS} seconds'`;
/** For one that wants the repository alone: a process that was killed a moment ago still counts as living. */
const ALONE_WAIT_MS = (ALIVE_SECONDS + 2) * 1000;
const PAUSE_MS = 500;

const LOCK = `
  BEGIN; SET LOCAL lock_timeout = '4s';
  SELECT filling, change FROM keystair.repository FOR NO KEY UPDATE
`;

export interface Joining {
  readonly id: string;
  readonly facts: ProcessFacts;
  readonly place: DatabasePlace;
  /** While no other process lives; undefined where others may. */
  readonly alone?: { readonly waitMs?: number | undefined } | undefined;
}

/**
 * Makes the row of a process.
 *
 * @returns the number of the last change, which it need not hear of: it has read nothing yet.
 * Throws `data-in-use` where it wants to be alone and is not, and `data-damaged` where the repository is half filled.
 */
export async function joinProcesses(session: Session, { id, facts, place, alone }: Joining): Promise<number> {
  for (const until = Date.now() + (alone?.waitMs ?? ALONE_WAIT_MS); ; await sleep(PAUSE_MS)) {
    const answers = await session.script(LOCK);
    const [filling, change] = answers.at(-1)!.rows[0] as [string | null, number];
    if (alone === undefined) refuseFilling(filling, place);
    const isFree = alone === undefined || !(await hasLiving(session));
    if (isFree) await insert(session, id, facts, change);
    await session.query('COMMIT');
    if (isFree) return change;
    if (Date.now() >= until) break;
  }
  throw new KeystairError('data-in-use', `a server runs on the database ${shownPlace(place)}`, {
    nextStep: 'stop every process of it first',
  });
}

async function hasLiving(session: Session): Promise<boolean> {
  return (await session.query(`SELECT 1 FROM keystair.processes WHERE seen_at > ${ALIVE}`)).rows.length > 0;
}

async function insert(session: Session, id: string, facts: ProcessFacts, change: number): Promise<void> {
  const { address, version, state, opensWith } = facts;
  await session.query(
    `INSERT INTO keystair.processes (id, address, version, state, opens_with, seen_change, seen_at)
     VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())`,
    [id, address, version, state, opensWith, change],
  );
}

/** The numbers of the last key, and of the last line of the audit log. */
export interface Recorded {
  readonly keys: number;
  readonly lines: number;
}

export interface Signs extends Recorded {
  readonly change: number;
  /** Somebody seems to have ended. */
  readonly someEnded: boolean;
}

/** Shows that this process lives, and looks at what the others did. Undefined where its row is gone. */
export async function showLife(
  session: Session,
  id: string,
  { address, version, state, opensWith }: ProcessFacts,
  heard: number,
): Promise<Signs | undefined> {
  const { rows } = await session.query(
    `UPDATE keystair.processes SET seen_at = clock_timestamp(), address = $2, version = $3, state = $4, opens_with = $5,
       seen_change = $6 WHERE id = $1
     RETURNING (SELECT change FROM keystair.repository), (SELECT coalesce(max(seq), 0) FROM keystair.keys),
       (SELECT coalesce(max(seq), 0) FROM keystair.audit),
       EXISTS (SELECT 1 FROM keystair.processes AS other WHERE other.seen_at < ${ALIVE} AND other.id <> $1)`,
    [id, address, version, state, opensWith, heard],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const [change, keys, lines, someEnded] = row as [number, number, number, boolean];
  return { change, keys, lines, someEnded };
}

/** Removes those that ended, behind the lock, so that no group of theirs is under way. @returns how many. */
export async function removeEnded(session: Session): Promise<number> {
  const removal = `DELETE FROM keystair.processes WHERE seen_at < ${ALIVE}`;
  return (await session.script(`${LOCK}; ${removal}; COMMIT`)).at(-2)!.count;
}

export async function leaveProcesses(session: Session, id: string): Promise<void> {
  await session.query('DELETE FROM keystair.processes WHERE id = $1', [id]);
}

export async function livingProcesses(session: Session): Promise<readonly LivingProcess[]> {
  const { rows } = await session.query(
    `SELECT id, address, version, state, opens_with, (extract(epoch FROM seen_at) * 1000)::bigint,
       EXISTS (SELECT 1 FROM keystair.leases WHERE holder = processes.id AND until > clock_timestamp())
     FROM keystair.processes WHERE seen_at > ${ALIVE} ORDER BY id`,
  );
  return rows.map(([id, address, version, state, opensWith, lastSeenAt, leads]) => ({
    id: id as string,
    address: address as string | null,
    version: version as string,
    state: state as ProcessState,
    opensWith: opensWith as string[],
    lastSeenAt: lastSeenAt as number,
    leads: leads as boolean,
  }));
}

/** Whether a living process has not heard of that change. */
export async function someHaveNotHeard(session: Session, change: number): Promise<boolean> {
  const { rows } = await session.query(
    `SELECT 1 FROM keystair.processes WHERE seen_at > ${ALIVE} AND seen_change < $1`,
    [change],
  );
  return rows.length > 0;
}
