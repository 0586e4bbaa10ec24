/**
 * Signing in with a password and a second factor: a one-time code or a recovery code.
 *
 * Invariants: an unknown name takes as long as a known one and gets the same answer. Nothing is computed for a caller
 * who must wait. Each refusal is recorded in the audit log before it is answered, without the secrets.
 */
import { KeystairError } from '#domain/errors.ts';
import { sortName } from '#domain/name-order.ts';
import { HALF_SIGN_IN_MS, SESSION_MS_MAX } from '#domain/people-limits.ts';
import type { PeopleEvent, SignInWay } from '#domain/people-events.ts';
import type { PersonRow } from '#domain/person.ts';
import { step } from '#domain/step.ts';
import type { SignInAnswer, SignInRoutes } from '#protocol/people/sign-in-routes.ts';
import type { z } from 'zod';
import type { Transaction } from '#store/transaction.ts';
import { uuidFrom } from '../environment/environment.ts';
import { addressBlock } from './address-block.ts';
import {
  type Credentials,
  judgeOneTimeCode,
  passwordFits,
  putCredentials,
  readCredentials,
  useRecoveryCode,
} from './credentials.ts';
import { type HalfSignIn, openHalfSignIn, sealHalfSignIn, sessionInside } from './half-sign-in.ts';
import { knownDeviceOf } from './known-device.ts';
import { beginFor, letIn, welcome } from './let-in.ts';
import type { PeoplePorts } from './people.ts';
import { personByName, readPerson } from './person-rows.ts';
import type { Providers } from './providers.ts';
import type { Attempt, SignInDelays } from './sign-in-delays.ts';
import type { Stretcher } from './stretcher.ts';
import type { Visitor } from './visitor.ts';

export interface SignInPorts extends PeoplePorts {
  readonly stretcher: Stretcher;
  readonly delays: SignInDelays;
  readonly providers: Providers;
}

type Asked<N extends keyof SignInRoutes> = z.output<SignInRoutes[N]['request']>;

/** Throws `sign-in-failed`, `later`. */
export async function signIn(
  ports: SignInPorts,
  visitor: Visitor,
  { name, password }: Asked<'signIn'>,
): Promise<SignInAnswer<'signIn'>> {
  const { rows, store, barrier, clock, random, stretcher, delays } = ports;
  const person = await personByName(rows, store.reader, name);
  const attempt = attemptOf(ports, visitor, person, name);
  delays.takePasswordTurn(attempt);
  const kept = person === undefined ? null : (await readCredentials(rows, store.reader, person.id)).password;
  const stretching = stretcher.stretch(password, kept?.parameters, attempt.addressBlock);
  const stretched = await stretching.catch((error: unknown) => {
    delays.returnPasswordTurn(attempt);
    throw error;
  });
  if (person === undefined || kept === null || !passwordFits(barrier, person.id, kept, stretched)) {
    await noteRefused(ports, visitor, person, 'password');
    throw signInFailed('the name or the password is wrong');
  }
  delays.returnPasswordTurn(attempt);
  const before = visitor.session === undefined ? undefined : sessionInside(barrier, visitor.session);
  const half: HalfSignIn = {
    awaits: 'code',
    id: uuidFrom(random),
    at: clock(),
    person: person.id,
    generation: person.generation,
    session: before ?? null,
  };
  visitor.keepSession(sealHalfSignIn(barrier, half), before === undefined ? HALF_SIGN_IN_MS : SESSION_MS_MAX);
  return { next: 'one-time-code' };
}

/** Throws `sign-in-failed`, `later`. */
export async function signInCode(
  ports: SignInPorts,
  visitor: Visitor,
  { code, recoveryCode }: Asked<'signInCode'>,
): Promise<SignInAnswer<'signInCode'>> {
  const { rows, store, barrier, clock, delays } = ports;
  const half = openHalfSignIn(barrier, visitor.session, clock());
  const person = half?.awaits === 'code' ? await readPerson(rows, store.reader, half.person) : undefined;
  if (half?.awaits !== 'code' || person?.generation !== half.generation) throw begunTooLongAgo();
  const attempt = attemptOf(ports, visitor, person, person.name);
  // A recovery code cannot be guessed. It must work while somebody guesses at the one-time codes.
  if (code !== undefined) delays.takeCodeTurn(attempt);
  const way: SignInWay = code === undefined ? 'recovery-code' : 'one-time-code';
  const begun = await letIn(store, async (transaction) => {
    const now = await readPerson(rows, transaction, person.id);
    if (now?.generation !== half.generation) throw begunTooLongAgo();
    const credentials = await readCredentials(rows, transaction, person.id);
    const used =
      code === undefined
        ? withoutRecoveryCode(ports, person, credentials, recoveryCode!)
        : await withStep(ports, transaction, person, credentials, code);
    if (used === undefined) return undefined;
    await putCredentials(rows, transaction, person.id, used);
    const session = await beginFor(ports, transaction, now, visitor, way);
    return { session, person: now, left: used.recoveryCodes.length };
  });
  if (begun === undefined) {
    await noteRefused(ports, visitor, person, way);
    throw signInFailed(code === undefined ? 'the recovery code is wrong' : 'the code is wrong');
  }
  delays.succeeded(attempt, code === undefined ? 'recovery-code' : 'code');
  return { ...welcome(ports, begun.person, visitor, begun.session), recoveryCodesLeft: begun.left };
}

async function withStep(
  { rows, clock }: SignInPorts,
  transaction: Transaction,
  { id: personId }: PersonRow,
  credentials: Credentials,
  code: string,
): Promise<Credentials | undefined> {
  const { lastStep } = credentials;
  if (lastStep === null) return undefined;
  const asked = { personId, place: 'in-use', code, lastStep, now: clock() } as const;
  const counted = await judgeOneTimeCode(rows, transaction, asked);
  return counted === undefined ? undefined : { ...credentials, lastStep: counted };
}

function withoutRecoveryCode(
  { barrier }: SignInPorts,
  { id }: PersonRow,
  credentials: Credentials,
  given: string,
): Credentials | undefined {
  const recoveryCodes = useRecoveryCode(barrier, id, credentials.recoveryCodes, given);
  return recoveryCodes === undefined ? undefined : { ...credentials, recoveryCodes };
}

function attemptOf(
  { barrier, clock }: SignInPorts,
  { address, device }: Visitor,
  person: PersonRow | undefined,
  name: string,
): Attempt {
  return {
    name: sortName(name.normalize('NFC')),
    addressBlock: addressBlock(address),
    device: knownDeviceOf(barrier, device, person, clock()),
  };
}

/** Writes the first refusal of a person from one place, and counts those that follow. */
export async function noteRefused(
  { refusals }: Pick<PeoplePorts, 'refusals'>,
  { address }: Visitor,
  person: PersonRow | undefined,
  at: Extract<PeopleEvent, { event: 'sign-in-refused' }>['at'],
): Promise<void> {
  const caller = `somebody at ${addressBlock(address)}${person === undefined ? '' : ` for ${person.id}`}`;
  const event = { event: 'sign-in-refused', by: 'server', person: person?.id ?? null, at, address } as const;
  await refusals.note(caller, 'sign-in-failed', event);
}

export function signInFailed(sentence: string): KeystairError {
  return new KeystairError('sign-in-failed', sentence, {
    nextStep: 'check what you typed, and the clock of the device that makes the codes; then try again',
  });
}

export function begunTooLongAgo(): KeystairError {
  return new KeystairError('sign-in-failed', 'no sign-in is under way, or it began too long ago', {
    nextStep: step('sign-in-anew'),
  });
}
