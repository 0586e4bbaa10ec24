/**
 * Passkeys: keys on a person's own devices, which verify their user. A passkey is two factors, so it signs in alone.
 *
 * Invariants: an answer counts once, for one challenge of ours, at our origin and host, with the user verified by the
 * authenticator, and only for the credential's owner. A counter that does not rise is refused, unless the authenticator
 * does not count. Attestations are neither requested nor accepted: the library would follow their certificates to
 * addresses that a stranger chose.
 */
import { KeystairError } from '#domain/errors.ts';
import { HALF_SIGN_IN_MS, PASSKEY_ALGORITHMS, PASSKEYS_MAX } from '#domain/people-limits.ts';
import type { Caller } from '#domain/right.ts';
import type { PersonRow } from '#domain/person.ts';
import type { PasskeyAnswer, PasskeyCreated, PasskeyRequest } from '#protocol/people/passkey-forms.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import { isoTime, type Random } from '../environment/environment.ts';
import { type Passkey, putCredentials, readCredentials } from './credentials.ts';
import { openPasskeyOffer, sealPasskeyOffer } from './half-sign-in.ts';
import { type PasskeyPlace, requirePasskeyPlace } from './passkey-place.ts';
import { passkeyId } from './passkey-rows.ts';
import type { PeoplePorts } from './people.ts';
import { readPerson } from './person-rows.ts';

type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;

const CHALLENGE_BYTES = 32;
/** Random, because authenticators show it beside a passkey: it must not reveal the owner. */
const HANDLE_BYTES = 32;

/** Loaded when the first passkey is judged. */
const library = () => import('@simplewebauthn/server');
const libraryHelpers = () => import('@simplewebauthn/server/helpers');

function base64url(random: Random, bytes: number): string {
  return Buffer.from(random(bytes)).toString('base64url');
}

export function newChallenge(random: Random): string {
  return base64url(random, CHALLENGE_BYTES);
}

export function requestOf({ rpId }: PasskeyPlace, challenge: string): PasskeyRequest {
  return { challenge, rpId, timeout: HALF_SIGN_IN_MS, userVerification: 'required' };
}

export async function listPasskeys(
  { rows, store }: PeoplePorts,
  caller: Caller,
): Promise<PeopleAnswer<'listPasskeys'>> {
  const { passkeys } = await readCredentials(rows, store.reader, caller.id ?? '');
  return { passkeys: passkeys.map((passkey) => shown(passkey)) };
}

function shown({ credentialId, name, createdAt, lastUsedAt }: Passkey) {
  return { id: passkeyId(credentialId), name, createdAt, lastUsedAt };
}

export async function offerPasskey(
  ports: PeoplePorts,
  caller: Caller,
): Promise<PeopleAnswer<'offerPasskey'>> {
  const { rows, store, barrier, random, clock, server, consoleUrl } = ports;
  const { rpId } = requirePasskeyPlace(consoleUrl());
  const person = await requirePersonOf(ports, caller);
  const { passkeys, handle } = await readCredentials(rows, store.reader, person.id);
  requireRoom(passkeys);
  const challenge = newChallenge(random);
  const user = handle ?? base64url(random, HANDLE_BYTES);
  const offer = sealPasskeyOffer(barrier, { person: person.id, challenge, handle: user, at: clock() });
  return {
    offer,
    options: {
      challenge,
      rp: { id: rpId, name: `Keystair ${server.name}` },
      user: { id: user, name: person.name, displayName: person.name },
      pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      timeout: HALF_SIGN_IN_MS,
      attestation: 'none',
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'required',
      },
      excludeCredentials: passkeys.map(({ credentialId, transports }) => ({
        type: 'public-key',
        id: credentialId,
        transports: [...transports],
      })),
    },
  };
}

/** Adds a credential once: a repeated answer adds no second one. */
export async function addPasskey(
  ports: PeoplePorts,
  caller: Caller,
  { offer: sealed, name, response }: Asked<'addPasskey'>,
): Promise<PeopleAnswer<'addPasskey'>> {
  const { rows, store, barrier, clock, audit, consoleUrl } = ports;
  const place = requirePasskeyPlace(consoleUrl());
  const person = await requirePersonOf(ports, caller);
  const offer = openPasskeyOffer(barrier, sealed, clock());
  const made = offer?.person === person.id ? await judgeCreated(response, place, offer.challenge) : undefined;
  if (offer === undefined || made === undefined) {
    throw new KeystairError('sign-in-failed', 'the passkey did not answer this request', {
      nextStep: 'add it again, at the address by which people reach this console',
    });
  }
  const passkey: Passkey = { ...made, name, createdAt: isoTime(clock()), lastUsedAt: null };
  const id = passkeyId(made.credentialId);
  await store.write(async (transaction) => {
    const credentials = await readCredentials(rows, transaction, person.id);
    requireRoom(credentials.passkeys);
    if ((await transaction.row('passkey', id)) !== undefined) {
      throw new KeystairError('already-exists', 'this passkey is known already');
    }
    // Another offer may have been used first.
    if ((credentials.handle ?? offer.handle) !== offer.handle) {
      throw new KeystairError('later', 'another passkey was added at the same moment', {
        nextStep: 'add this one again',
      });
    }
    await rows.put(transaction, 'passkey', id, { person: person.id });
    await putCredentials(rows, transaction, person.id, {
      ...credentials,
      handle: offer.handle,
      passkeys: [...credentials.passkeys, passkey],
    });
    await audit.append(transaction, [
      { event: 'passkey-added', by: caller.name, person: person.id, passkey: id, name },
    ]);
  });
  return { passkey: shown(passkey) };
}

export async function removePasskey(
  ports: PeoplePorts,
  caller: Caller,
  { id }: Asked<'removePasskey'>,
): Promise<PeopleAnswer<'removePasskey'>> {
  const { rows, store, audit } = ports;
  const person = await requirePersonOf(ports, caller);
  return store.write(async (transaction) => {
    const credentials = await readCredentials(rows, transaction, person.id);
    const passkey = credentials.passkeys.find(({ credentialId }) => passkeyId(credentialId) === id);
    if (passkey === undefined) {
      throw new KeystairError('not-found', 'there is no such passkey', {
        nextStep: 'list the passkeys again',
      });
    }
    await putCredentials(rows, transaction, person.id, {
      ...credentials,
      passkeys: credentials.passkeys.filter((one) => one !== passkey),
    });
    await transaction.deleteRow('passkey', id);
    await audit.append(transaction, [
      { event: 'passkey-removed', by: caller.name, person: person.id, passkey: id, name: passkey.name },
    ]);
    return { passkey: shown(passkey) };
  });
}

type Made = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports'>;

async function judgeCreated(
  response: PasskeyCreated,
  { rpId, origin }: PasskeyPlace,
  challenge: string,
): Promise<Made | undefined> {
  const [{ verifyRegistrationResponse }, { decodeAttestationObject }] = await Promise.all([
    library(),
    libraryHelpers(),
  ]);
  try {
    const attestation = Buffer.from(response.response.attestationObject, 'base64url');
    if (decodeAttestationObject(new Uint8Array(attestation)).get('fmt') !== 'none') return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        ...response,
        response: {
          clientDataJSON: response.response.clientDataJSON,
          attestationObject: response.response.attestationObject,
        },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
    });
    if (!verified) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return {
      credentialId: id,
      publicKey: Buffer.from(publicKey).toString('base64url'),
      counter,
      transports: response.response.transports ?? [],
    };
  } catch {
    // The library throws if anything does not fit. Its messages may contain what was sent, so they are dropped.
    return undefined;
  }
}

/** The counter in the answer; undefined if the answer does not verify. */
export async function judgeAnswer(
  response: PasskeyAnswer,
  { rpId, origin }: PasskeyPlace,
  challenge: string,
  passkey: Passkey,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await library();
  const { userHandle, ...signed } = response.response;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...response,
        response: { ...signed, ...(userHandle === undefined ? {} : { userHandle }) },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      credential: {
        id: passkey.credentialId,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        counter: passkey.counter,
      },
      requireUserVerification: true,
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined;
  }
}

function requireRoom(passkeys: readonly Passkey[]): void {
  if (passkeys.length < PASSKEYS_MAX) return;
  throw new KeystairError('invalid-argument', `a person can have at most ${PASSKEYS_MAX} passkeys`, {
    nextStep: 'remove one that is not needed',
  });
}

/** Throws `invalid-argument` for a caller who is not a person of this server. */
async function requirePersonOf({ rows, store }: PeoplePorts, caller: Caller): Promise<PersonRow> {
  const person = caller.id === null ? undefined : await readPerson(rows, store.reader, caller.id);
  if (person !== undefined && person.service === null && person.identity === null) return person;
  throw new KeystairError('invalid-argument', `${caller.name} does not sign in at this server`, {
    nextStep: 'sign in as the person whose passkey it is',
  });
}
