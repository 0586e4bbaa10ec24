/** Lists open sessions for callers who may see them, and ends sessions. */
import { KeystairError } from '#domain/errors.ts';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { ListedSession } from '#protocol/people/person-forms.ts';
import type { z } from 'zod';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { positionFrom, positionText } from './list-people.ts';
import { readPerson, requirePerson } from './person-rows.ts';
import { endSessionRow, openSession, openSessions, type SessionRow } from './sessions.ts';

type SessionsPorts = Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'store'>;
type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;

async function listed(
  rows: TrustedRows,
  reader: Reader,
  session: SessionRow,
): Promise<ListedSession | undefined> {
  const person = await readPerson(rows, reader, session.person);
  if (person === undefined) return undefined;
  return {
    id: session.id,
    person: { id: person.id, name: person.name },
    createdAt: isoTime(session.createdAt),
    lastSeenAt: isoTime(session.lastSeenAt),
    address: session.address,
    agent: session.agent,
  };
}

async function allListed(
  rows: TrustedRows,
  reader: Reader,
  sessions: readonly SessionRow[],
): Promise<ListedSession[]> {
  const shown = await Promise.all(sessions.map((session) => listed(rows, reader, session)));
  return shown.filter((session) => session !== undefined);
}

/** A page may be shorter than requested, because some of its sessions have ended. */
export async function listSessions(
  ports: SessionsPorts,
  { person: wanted, after, limit = LIST_PAGE_MAX }: Asked<'listSessions'>,
): Promise<PeopleAnswer<'listSessions'>> {
  const { rows, store } = ports;
  const { reader } = store;
  if (wanted !== undefined) {
    const person = await requirePerson(rows, reader, wanted);
    const open = await openSessions(ports, reader, person.id);
    return { next: null, sessions: await allListed(rows, reader, open) };
  }
  const page = await reader.rowsAfter('session', positionFrom(after), limit);
  const open = await Promise.all(page.map(({ id }) => openSession(ports, reader, id)));
  const sessions = await allListed(
    rows,
    reader,
    open.filter((session) => session !== undefined),
  );
  return { next: page.length < limit ? null : positionText(page.at(-1)!.id), sessions };
}

export async function mySessions(ports: SessionsPorts, caller: Caller): Promise<PeopleAnswer<'mySessions'>> {
  if (caller.id === null) return { sessions: [] };
  const { rows, store } = ports;
  const open = await openSessions(ports, store.reader, caller.id);
  const sessions = await allListed(rows, store.reader, open);
  return { sessions: sessions.map((one) => ({ ...one, current: one.id === caller.session?.id })) };
}

export function endSession(
  ports: SessionsPorts,
  caller: Caller,
  { id }: Asked<'endSession'>,
): Promise<PeopleAnswer<'endSession'>> {
  return endOne(ports, caller, id, () => true);
}

export function endMySession(
  ports: SessionsPorts,
  caller: Caller,
  { id }: Asked<'endMySession'>,
): Promise<PeopleAnswer<'endMySession'>> {
  return endOne(ports, caller, id, ({ person }) => person === caller.id);
}

/** To a caller who may end only their own sessions, those of others do not exist. */
async function endOne(
  ports: SessionsPorts,
  caller: Caller,
  id: string,
  isMeant: (session: SessionRow) => boolean,
): Promise<{ session: ListedSession }> {
  const { rows, store, audit } = ports;
  // Also on a full disk: a thief's session must end.
  const end = async (transaction: Transaction): Promise<{ session: ListedSession }> => {
    const session = await openSession(ports, transaction, id);
    const shown = session === undefined ? undefined : await listed(rows, transaction, session);
    if (session === undefined || shown === undefined || !isMeant(session)) {
      throw new KeystairError('not-found', 'there is no such session, or it has ended', {
        nextStep: 'list the sessions again',
      });
    }
    await endSessionRow(rows, transaction, session);
    await audit.append(transaction, [
      { event: 'session-ended', by: caller.name, session: session.id, person: session.person },
    ]);
    return { session: shown };
  };
  return store.write(end, { reserve: true });
}
