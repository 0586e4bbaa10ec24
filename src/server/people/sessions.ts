/**
 * Sessions: a person who signed in is known by a token of 256 bits, of which only the hash is stored. Sessions are
 * rows, so they are valid in every process of a server and after a restart.
 *
 * Invariants: a session expires when it is idle, and at a fixed time in any case. Every call reads what the person may
 * do, so a right that was taken away is gone at the next call. A new sign-in makes a new session and ends the earlier
 * one.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import {
  LAST_SEEN_MS,
  PERSON_SESSIONS_MAX,
  SESSION_IDLE_MS,
  SESSION_MS_MAX,
  TOKEN_BYTES,
} from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { isExpired, latestTime } from '../repository/known-time.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

export interface SessionRow {
  readonly id: string;
  readonly person: string;
  /** SHA-256 of the token's secret, hexadecimal. */
  readonly secretHash: string;
  /** Unix ms, as are all times here. */
  readonly createdAt: number;
  /** When the person last proved who they are. */
  readonly signedInAt: number;
  /** Accurate to the minute. */
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  /** The latest time known to the server when the session began, ISO 8601. */
  readonly knownAt: string;
  readonly address: string;
  readonly agent: string;
}

export type SessionPorts = Pick<ServerPorts, 'clock' | 'random' | 'rows'>;

/** Where a visitor comes from. */
export interface Origin {
  readonly address: string;
  readonly agent: string;
}

export interface BegunSession {
  readonly session: SessionRow;
  /** For the cookie; stored nowhere else. */
  readonly token: string;
}

const TOKEN = /^([0-9a-f-]{36})\.([\w-]{43})$/;

function hashOf(secret: string): Buffer {
  return hash('sha256', `keystair/session/${secret}`, 'buffer');
}

/** Ends the person's oldest sessions if there would be too many. */
export async function beginSession(
  { clock, random, rows }: SessionPorts,
  transaction: Transaction,
  person: PersonRow,
  { address, agent }: Origin,
  signedInAt = clock(),
): Promise<BegunSession> {
  const secret = Buffer.from(random(TOKEN_BYTES)).toString('base64url');
  const now = clock();
  const session: SessionRow = {
    id: uuidFrom(random),
    person: person.id,
    secretHash: hashOf(secret).toString('hex'),
    createdAt: now,
    signedInAt,
    lastSeenAt: now,
    expiresAt: now + SESSION_MS_MAX,
    knownAt: isoTime(await latestTime({ rows, clock }, transaction)),
    address,
    agent,
  };
  const open = await openSessions({ clock, rows }, transaction, person.id);
  const kept = open
    .toSorted((left, right) => right.createdAt - left.createdAt)
    .slice(0, PERSON_SESSIONS_MAX - 1);
  for (const { id } of open)
    if (!kept.some((one) => one.id === id)) await transaction.deleteRow('session', id);
  await rows.put(transaction, 'session', session.id, session);
  await rows.put(transaction, 'session-list', person.id, [...kept.map(({ id }) => id), session.id]);
  return { session, token: `${session.id}.${secret}` };
}

/** The open session of this token. */
export async function sessionOf(
  ports: Pick<ServerPorts, 'clock' | 'rows'>,
  reader: Reader,
  token: string,
): Promise<SessionRow | undefined> {
  const [, id = '', secret = ''] = TOKEN.exec(token) ?? [];
  const session = await openSession(ports, reader, id);
  if (session === undefined) return undefined;
  return timingSafeEqual(hashOf(secret), Buffer.from(session.secretHash, 'hex')) ? session : undefined;
}

/** Undefined if it has ended. */
export async function openSession(
  ports: Pick<ServerPorts, 'clock' | 'rows'>,
  reader: Reader,
  id: string,
): Promise<SessionRow | undefined> {
  if (!UUID_PATTERN.test(id)) return undefined;
  const session = await ports.rows.get<SessionRow>(reader, 'session', id);
  return session !== undefined && (await isOpen(ports, reader, session)) ? session : undefined;
}

async function isOpen(
  ports: Pick<ServerPorts, 'clock' | 'rows'>,
  reader: Reader,
  { expiresAt, lastSeenAt, knownAt }: SessionRow,
): Promise<boolean> {
  const end = Math.min(expiresAt, lastSeenAt + SESSION_IDLE_MS);
  return !(await isExpired(ports, reader, { expiresAt: isoTime(end), knownAt }));
}

/** The open sessions of one person. */
export async function openSessions(
  ports: Pick<ServerPorts, 'clock' | 'rows'>,
  reader: Reader,
  personId: string,
): Promise<readonly SessionRow[]> {
  const ids = (await ports.rows.get<readonly string[]>(reader, 'session-list', personId)) ?? [];
  const sessions = await Promise.all(ids.map((id) => openSession(ports, reader, id)));
  return sessions.filter((session) => session !== undefined && session.person === personId) as SessionRow[];
}

export async function endSessionRow(
  rows: TrustedRows,
  transaction: Transaction,
  { id, person }: Pick<SessionRow, 'id' | 'person'>,
): Promise<void> {
  const ids = (await rows.get<readonly string[]>(transaction, 'session-list', person)) ?? [];
  await rows.put(
    transaction,
    'session-list',
    person,
    ids.filter((one) => one !== id),
  );
  await transaction.deleteRow('session', id);
}

/** @param but the session that stays open. */
export async function endSessionsOf(
  rows: TrustedRows,
  transaction: Transaction,
  personId: string,
  but?: string,
): Promise<void> {
  const ids = (await rows.get<readonly string[]>(transaction, 'session-list', personId)) ?? [];
  for (const id of ids) if (id !== but) await transaction.deleteRow('session', id);
  if (but === undefined) await transaction.deleteRow('session-list', personId);
  else
    await rows.put(
      transaction,
      'session-list',
      personId,
      ids.filter((id) => id === but),
    );
}

/** Whether it is time to write the last use again. */
export function isSeenDue(lastSeenAt: number | null, now: number): boolean {
  return lastSeenAt === null || Math.abs(now - lastSeenAt) >= LAST_SEEN_MS;
}
