/** The last step of every sign-in, whatever the person proved before: makes the session and its audit event. */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { KNOWN_DEVICE_MS } from '#domain/people-limits.ts';
import type { SignInWay } from '#domain/people-events.ts';
import { auditName, type PersonRow } from '#domain/person.ts';
import type { SignedIn } from '#protocol/people/sign-in-routes.ts';
import type { Store } from '#store/store.ts';
import type { Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { sessionInside } from './half-sign-in.ts';
import { knownDeviceOf, sealKnownDevice } from './known-device.ts';
import { shown } from './people.ts';
import { type BegunSession, beginSession, endSessionRow, sessionOf } from './sessions.ts';
import type { Visitor } from './visitor.ts';

type LetInPorts = Pick<ServerPorts, 'audit' | 'barrier' | 'clock' | 'random' | 'rows'>;

/**
 * Writes a sign-in. On a full disk it may use the space set aside for the audit log: people who help others to their
 * keys must still get in, and the audit event of the sign-in is in the same transaction. Throws `disk-full`.
 */
export async function letIn<T>(
  store: Pick<Store, 'write'>,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  try {
    return await store.write(work, { reserve: true });
  } catch (error) {
    throw codeOf(error) === 'disk-full' ? noRoom(error) : error;
  }
}

/** Says nothing about this machine: its owner finds that in the status. */
function noRoom(cause: unknown): KeystairError {
  const sentence = 'nobody can sign in: this server has no disk space left for a session';
  const nextStep = 'tell whoever runs this server to free disk space; its owner can still act on its machine';
  return new KeystairError('disk-full', sentence, { nextStep, cause });
}

/**
 * Runs in the transaction that notes what was used up. Ends the session that the visitor came with, even another
 * person's.
 */
export async function beginFor(
  ports: LetInPorts,
  transaction: Transaction,
  person: PersonRow,
  visitor: Visitor,
  way: SignInWay,
  signedInAt?: number,
): Promise<BegunSession> {
  const inside = visitor.session === undefined ? undefined : sessionInside(ports.barrier, visitor.session);
  const before = inside === undefined ? undefined : await sessionOf(ports, transaction, inside);
  if (before !== undefined) await endSessionRow(ports.rows, transaction, before);
  const begun = await beginSession(ports, transaction, person, visitor, signedInAt);
  const { id, address, lastSeenAt } = begun.session;
  await transaction.putContact({ id: person.id, lastHeartbeatAt: lastSeenAt, body: '{}' });
  await ports.audit.append(transaction, [
    {
      event: 'signed-in',
      by: auditName(person),
      session: id,
      with: way,
      address,
      ...(before === undefined ? {} : { replaced: before.id }),
    },
  ]);
  return begun;
}

/** To be called once that transaction is durable. */
export function welcome(
  ports: LetInPorts,
  person: PersonRow,
  visitor: Visitor,
  { session, token }: BegunSession,
): SignedIn {
  const now = ports.clock();
  visitor.keepSession(token, session.expiresAt - now);
  const before = knownDeviceOf(ports.barrier, visitor.device, person, now);
  visitor.keepDevice(sealKnownDevice(ports, person, now, before), KNOWN_DEVICE_MS);
  return { person: shown(person), expiresAt: isoTime(session.expiresAt) };
}
