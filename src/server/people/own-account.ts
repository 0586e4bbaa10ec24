/** What people do about themselves: see who they are, sign out, change their password and their recovery codes. */
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { newPassword } from '#crypto/password/password-text.ts';
import { KeystairError } from '#domain/errors.ts';
import type { PersonRow } from '#domain/person.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import type { Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import { readGroups, topGroups } from '../groups/group-rows.ts';
import {
  keepPassword,
  makeRecoveryCodes,
  passwordFits,
  putCredentials,
  readCredentials,
} from './credentials.ts';
import { shown, type PeoplePorts } from './people.ts';
import { named } from './role-limits.ts';
import { putPerson, readPerson } from './person-rows.ts';
import { endSessionRow, endSessionsOf } from './sessions.ts';
import type { SignInDelays } from './sign-in-delays.ts';
import type { Stretcher } from './stretcher.ts';

type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;

export async function whoAmI(
  { rows, store, server }: PeoplePorts,
  caller: Caller,
): Promise<PeopleAnswer<'whoAmI'>> {
  const person = caller.id === null ? undefined : await readPerson(rows, store.reader, caller.id);
  const limited = caller.rights.some(({ groups }) => groups !== undefined);
  const tree = limited ? await readGroups(rows, store.reader) : undefined;
  const end = caller.session?.expiresAt;
  return {
    person: person === undefined ? { id: null, name: caller.name, roles: [] } : shown(person),
    server: { id: server.id, name: server.name },
    rights: caller.rights.map(({ area, right, groups }) => ({
      area,
      right,
      ...(groups === undefined || tree === undefined
        ? {}
        : { groups: topGroups(tree, groups).map((id) => named(tree, server, id)) }),
    })),
    expiresAt: end === undefined ? (person?.service?.expiresAt ?? null) : isoTime(end),
  };
}

/** A call without a session has none to end. */
export async function signOut(
  { rows, store, audit }: PeoplePorts,
  caller: Caller,
): Promise<PeopleAnswer<'signOut'>> {
  const { session, id: person } = caller;
  if (session === null || person === null) return {};
  const end = async (transaction: Transaction): Promise<void> => {
    await endSessionRow(rows, transaction, { id: session.id, person });
    await audit.append(transaction, [
      { event: 'session-ended', by: caller.name, session: session.id, person },
    ]);
  };
  await store.write(end, { reserve: true });
  return {};
}

/** Also ends all other sessions, and invalidates half sign-ins and known devices of the old password. */
export async function changePassword(
  ports: PeoplePorts & { readonly stretcher: Stretcher; readonly delays: SignInDelays },
  caller: Caller,
  { password, newPassword: given }: Asked<'changePassword'>,
): Promise<PeopleAnswer<'changePassword'>> {
  const { rows, store, audit, barrier, server, stretcher, delays } = ports;
  const person = await requireOwnPassword(ports, caller);
  const { password: kept } = await readCredentials(rows, store.reader, person.id);
  // A thief of the session alone could guess at the password here. Nobody else waits for that.
  const attempt = { name: `own ${person.id}`, addressBlock: '', device: caller.session?.id };
  delays.takePasswordTurn(attempt);
  const stretched = await stretcher.stretch(password, kept?.parameters, caller.name);
  if (kept === null || !passwordFits(barrier, person.id, kept, stretched)) {
    const { name: by } = caller;
    const code = 'sign-in-failed';
    await ports.refusals.note(by, code, {
      event: 'call-refused',
      by,
      caller: by,
      code,
      route: 'changePassword',
    });
    throw new KeystairError('sign-in-failed', 'the present password is wrong', {
      nextStep: 'type the password that you sign in with now',
    });
  }
  delays.returnPasswordTurn(attempt);
  await requireStrongPassword(newPassword(given), [person.name, server.name]);
  const next = keepPassword(barrier, person.id, await stretcher.stretchNew(given, caller.name));
  await store.write(async (transaction) => {
    const now = await requireOwnPassword(ports, caller, transaction);
    const credentials = await readCredentials(rows, transaction, person.id);
    await putCredentials(rows, transaction, person.id, { ...credentials, password: next });
    await putPerson(rows, transaction, { ...now, generation: now.generation + 1 });
    await endSessionsOf(rows, transaction, person.id, caller.session?.id);
    await audit.append(transaction, [{ event: 'password-changed', by: caller.name, person: person.id }]);
  });
  return {};
}

export async function newRecoveryCodes(
  ports: PeoplePorts,
  caller: Caller,
): Promise<PeopleAnswer<'newRecoveryCodes'>> {
  const { rows, store, audit, barrier, random } = ports;
  const person = await requireOwnPassword(ports, caller);
  const { shown: recoveryCodes, kept } = makeRecoveryCodes(barrier, person.id, random);
  await store.write(async (transaction) => {
    const credentials = await readCredentials(rows, transaction, person.id);
    await putCredentials(rows, transaction, person.id, { ...credentials, recoveryCodes: kept });
    await audit.append(transaction, [{ event: 'recovery-codes-made', by: caller.name, person: person.id }]);
  });
  return { recoveryCodes };
}

/** Throws `invalid-argument` for a person without a password. */
export async function requireOwnPassword(
  { rows, store }: PeoplePorts,
  caller: Caller,
  reader = store.reader,
): Promise<PersonRow> {
  const person = caller.id === null ? undefined : await readPerson(rows, reader, caller.id);
  if (person !== undefined && person.service === null && person.identity === null) return person;
  throw new KeystairError('invalid-argument', `${caller.name} signs in without a password of this server`, {
    nextStep: 'sign in as the person whose password it is',
  });
}
