/**
 * A signed-in person replaces the app that makes their one-time codes: a lost phone, or a new one.
 *
 * Invariants: the old app counts until a code of the new one proves that it has the secret. Until then the secret stands
 * nowhere but in the offer, sealed. Once it is replaced, the person's other sessions end, as do offers, half sign-ins and
 * known devices of before.
 */
import { describeOneTimeSecret, ONE_TIME_SECRET_BYTES, stepOfCode } from '#crypto/password/one-time-code.ts';
import { KeystairError } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRoutes } from '#protocol/people/people-routes.ts';
import type { z } from 'zod';
import { putCredentials, readCredentials, replaceOneTimeSecret } from './credentials.ts';
import { openOneTimeCodeOffer, sealOneTimeCodeOffer } from './half-sign-in.ts';
import { requireOwnPassword } from './own-account.ts';
import type { PeoplePorts } from './people.ts';
import { putPerson } from './person-rows.ts';
import { endSessionsOf } from './sessions.ts';

type Asked<N extends keyof PeopleRoutes> = z.output<PeopleRoutes[N]['request']>;

export async function offerOneTimeCode(
  ports: PeoplePorts,
  caller: Caller,
): Promise<PeopleAnswer<'offerOneTimeCode'>> {
  const { barrier, clock, random, server } = ports;
  const { id: person, name, generation } = await requireOwnPassword(ports, caller);
  const secret = random(ONE_TIME_SECRET_BYTES);
  const offer = { person, generation, secret: toHex(secret), at: clock() };
  const described = describeOneTimeSecret(secret, { issuer: `Keystair ${server.name}`, name });
  secret.fill(0);
  return { offer: sealOneTimeCodeOffer(barrier, offer), ...described };
}

/** Throws `sign-in-failed` if the code is wrong: the old app still counts then. */
export async function changeOneTimeCode(
  ports: PeoplePorts,
  caller: Caller,
  { offer: sealed, code }: Asked<'changeOneTimeCode'>,
): Promise<PeopleAnswer<'changeOneTimeCode'>> {
  const { rows, store, audit, barrier, clock } = ports;
  const offer = openOneTimeCodeOffer(barrier, sealed, clock());
  await store.write(async (transaction) => {
    const person = await requireOwnPassword(ports, caller, transaction);
    if (offer?.person !== person.id || offer.generation !== person.generation) throw offerOver();
    const secret = Buffer.from(offer.secret, 'hex');
    const lastStep = stepOfCode(secret, code, clock(), 0);
    if (lastStep === undefined) throw wrongCode();
    const credentials = await readCredentials(rows, transaction, person.id);
    await replaceOneTimeSecret(rows, transaction, person.id, secret);
    secret.fill(0);
    await putCredentials(rows, transaction, person.id, { ...credentials, lastStep });
    await putPerson(rows, transaction, { ...person, generation: person.generation + 1 });
    await endSessionsOf(rows, transaction, person.id, caller.session?.id);
    await audit.append(transaction, [{ event: 'one-time-code-changed', by: caller.name, person: person.id }]);
  });
  return {};
}

function offerOver(): KeystairError {
  return new KeystairError('sign-in-failed', 'this was begun too long ago, or by somebody else', {
    nextStep: 'begin again to replace the app; the one that you have still works',
  });
}

function wrongCode(): KeystairError {
  return new KeystairError('sign-in-failed', 'the code does not fit', {
    nextStep: 'enter the code that the new app shows now; the app that you have still works',
  });
}
