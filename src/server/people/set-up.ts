/**
 * What a person does with a set-up link: they choose a password, enter the first code of an app, and are signed in.
 *
 * Invariant: the password and the secret count only once the first code proves that the app has the secret. The link
 * ends in that transaction.
 */
import { requireStrongPassword } from '#crypto/password/password-strength.ts';
import { newPassword } from '#crypto/password/password-text.ts';
import { describeOneTimeSecret } from '#crypto/password/one-time-code.ts';
import { auditName } from '#domain/person.ts';
import type { SignInAnswer, SignInRoutes } from '#protocol/people/sign-in-routes.ts';
import type { z } from 'zod';
import { addressBlock } from './address-block.ts';
import {
  adoptOneTimeSecret,
  judgeOneTimeCode,
  keepPassword,
  makeOneTimeSecret,
  makeRecoveryCodes,
  NO_CREDENTIALS,
  putCredentials,
} from './credentials.ts';
import { beginFor, welcome } from './let-in.ts';
import { putSetUp, requireSetUp } from './set-up-links.ts';
import { noteRefused, signInFailed, type SignInPorts } from './sign-in.ts';
import type { Visitor } from './visitor.ts';

type Asked<N extends keyof SignInRoutes> = z.output<SignInRoutes[N]['request']>;

export async function showSetup(
  ports: SignInPorts,
  { token }: Asked<'showSetup'>,
): Promise<SignInAnswer<'showSetup'>> {
  const { link, person } = await requireSetUp(ports, ports.store.reader, token);
  const { id, name } = ports.server;
  return { name: person.name, server: { id, name }, expiresAt: link.expiresAt };
}

/** May be repeated; the last password and secret count. */
export async function setupPassword(
  ports: SignInPorts,
  visitor: Visitor,
  { token, password: given }: Asked<'setupPassword'>,
): Promise<SignInAnswer<'setupPassword'>> {
  const { rows, store, barrier, random, server, stretcher } = ports;
  const { person } = await requireSetUp(ports, store.reader, token);
  await requireStrongPassword(newPassword(given), [person.name, server.name]);
  const stretched = await stretcher.stretchNew(given, addressBlock(visitor.address));
  const password = keepPassword(barrier, person.id, stretched);
  const secret = await store.write(async (transaction) => {
    const { id, link } = await requireSetUp(ports, transaction, token);
    await putSetUp(rows, transaction, id, { ...link, password });
    return makeOneTimeSecret(rows, transaction, person.id, random);
  });
  return describeOneTimeSecret(secret, { issuer: `Keystair ${server.name}`, name: person.name });
}

/** Throws `sign-in-failed` if the code is wrong; the link stays open. */
export async function setupConfirm(
  ports: SignInPorts,
  visitor: Visitor,
  { token, code }: Asked<'setupConfirm'>,
): Promise<SignInAnswer<'setupConfirm'>> {
  const { rows, store, audit, barrier, random, clock } = ports;
  const { person } = await requireSetUp(ports, store.reader, token);
  const { shown: recoveryCodes, kept } = makeRecoveryCodes(barrier, person.id, random);
  const begun = await store.write(async (transaction) => {
    const { id, link, person: now } = await requireSetUp(ports, transaction, token);
    if (link.password === null) return undefined;
    const asked = { personId: now.id, place: 'set-up', code, lastStep: 0, now: clock() } as const;
    const lastStep = await judgeOneTimeCode(rows, transaction, asked);
    if (lastStep === undefined) return undefined;
    await adoptOneTimeSecret(rows, transaction, now.id);
    await putCredentials(rows, transaction, now.id, {
      ...NO_CREDENTIALS,
      password: link.password,
      lastStep,
      recoveryCodes: kept,
    });
    await transaction.deleteRow('set-up', id);
    const { address } = visitor;
    await audit.append(transaction, [
      { event: 'person-set-up', by: auditName(now), person: now.id, name: now.name, address },
    ]);
    return { person: now, session: await beginFor(ports, transaction, now, visitor, 'set-up-link') };
  });
  if (begun === undefined) {
    await noteRefused(ports, visitor, person, 'set-up-link');
    throw signInFailed('the code is wrong');
  }
  return { ...welcome(ports, begun.person, visitor, begun.session), recoveryCodes };
}
