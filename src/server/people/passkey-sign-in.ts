/**
 * Signing in with a passkey alone.
 *
 * Invariant: the visitor carries the challenge that was made for them, sealed, and it counts once: the transaction that
 * signs the person in notes its use.
 */
import { HALF_SIGN_IN_MS, SESSION_MS_MAX } from '#domain/people-limits.ts';
import type { PersonRow } from '#domain/person.ts';
import type { SignInAnswer, SignInRoutes } from '#protocol/people/sign-in-routes.ts';
import type { z } from 'zod';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { type Credentials, type Passkey, putCredentials, readCredentials } from './credentials.ts';
import { type HalfSignIn, openHalfSignIn, sealHalfSignIn, sessionInside } from './half-sign-in.ts';
import { beginFor, letIn, welcome } from './let-in.ts';
import { requirePasskeyPlace } from './passkey-place.ts';
import { passkeyId } from './passkey-rows.ts';
import { judgeAnswer, newChallenge, requestOf } from './passkeys.ts';
import { readPerson } from './person-rows.ts';
import { begunTooLongAgo, noteRefused, signInFailed, type SignInPorts } from './sign-in.ts';
import type { Visitor } from './visitor.ts';

export async function passkeyOptions(
  { barrier, random, clock }: SignInPorts,
  visitor: Visitor,
): Promise<SignInAnswer<'passkeyOptions'>> {
  const place = requirePasskeyPlace(visitor.url);
  const challenge = newChallenge(random);
  const before = visitor.session === undefined ? undefined : sessionInside(barrier, visitor.session);
  const half: HalfSignIn = {
    awaits: 'passkey',
    id: uuidFrom(random),
    at: clock(),
    challenge,
    session: before ?? null,
  };
  visitor.keepSession(sealHalfSignIn(barrier, half), before === undefined ? HALF_SIGN_IN_MS : SESSION_MS_MAX);
  return { options: requestOf(place, challenge) };
}

/** Throws `sign-in-failed`. */
export async function passkeySignIn(
  ports: SignInPorts,
  visitor: Visitor,
  { response }: z.output<SignInRoutes['passkeySignIn']['request']>,
): Promise<SignInAnswer<'passkeySignIn'>> {
  const { rows, store, barrier, clock } = ports;
  const place = requirePasskeyPlace(visitor.url);
  const half = openHalfSignIn(barrier, visitor.session, clock());
  if (half?.awaits !== 'passkey') throw begunTooLongAgo();
  const found = await findPasskey(ports, response.id);
  const fits =
    found !== undefined &&
    (response.response.userHandle ?? found.credentials.handle) === found.credentials.handle;
  const counter = fits ? await judgeAnswer(response, place, half.challenge, found.passkey) : undefined;
  const begun =
    found === undefined || counter === undefined
      ? undefined
      : await letIn(store, async (transaction) => {
          const person = await readPerson(rows, transaction, found.person.id);
          const credentials = await readCredentials(rows, transaction, found.person.id);
          const used =
            person === undefined ? undefined : afterUse(credentials, found.passkey, half, counter, clock());
          if (person === undefined || used === undefined) return undefined;
          await putCredentials(rows, transaction, person.id, used);
          return { person, session: await beginFor(ports, transaction, person, visitor, 'passkey') };
        });
  if (begun === undefined) {
    await noteRefused(ports, visitor, found?.person, 'passkey');
    throw signInFailed('the passkey was not accepted');
  }
  return welcome(ports, begun.person, visitor, begun.session);
}

interface Found {
  readonly person: PersonRow;
  readonly credentials: Credentials;
  readonly passkey: Passkey;
}

async function findPasskey({ rows, store }: SignInPorts, credentialId: string): Promise<Found | undefined> {
  const row = await rows.get<{ readonly person: string }>(store.reader, 'passkey', passkeyId(credentialId));
  const person = row === undefined ? undefined : await readPerson(rows, store.reader, row.person);
  if (person === undefined) return undefined;
  const credentials = await readCredentials(rows, store.reader, person.id);
  const passkey = credentials.passkeys.find((one) => one.credentialId === credentialId);
  return passkey === undefined ? undefined : { person, credentials, passkey };
}

/** Undefined if the challenge was used, or if the passkey was removed or used again since the answer was verified. */
function afterUse(
  credentials: Credentials,
  judged: Passkey,
  { id }: HalfSignIn,
  counter: number,
  now: number,
): Credentials | undefined {
  const present = credentials.passkeys.find(({ credentialId }) => credentialId === judged.credentialId);
  if (present?.counter !== judged.counter || credentials.spent.some((one) => one.id === id)) return undefined;
  const used: Passkey = { ...present, counter, lastUsedAt: isoTime(now) };
  return {
    ...credentials,
    passkeys: credentials.passkeys.map((one) => (one === present ? used : one)),
    // An expired challenge need not be remembered.
    spent: [
      ...credentials.spent.filter(({ until }) => until > now),
      { id, until: now + 2 * HALF_SIGN_IN_MS },
    ],
  };
}
