/**
 * Signing in through a provider. The first sign-in adds the person; every sign-in sets their roles from their groups.
 *
 * Invariants: issuer and subject identify a person, whichever configured provider they used. What the visitor brings
 * back matches, once, what was sealed when they left. A person in no group with a role here is not signed in, and loses
 * the roles they had.
 */
import { hash } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import { readName } from '#domain/name.ts';
import { sortName } from '#domain/name-order.ts';
import { HALF_SIGN_IN_MS, SESSION_MS_MAX } from '#domain/people-limits.ts';
import type { PersonRow, ProvidedIdentity } from '#domain/person.ts';
import { auditName } from '#domain/person.ts';
import type { SignInAnswer, SignInRoutes } from '#protocol/people/sign-in-routes.ts';
import type { z } from 'zod';
import type { Transaction } from '#store/transaction.ts';
import { isoTime, uuidFrom } from '../environment/environment.ts';
import { putCredentials, readCredentials } from './credentials.ts';
import { type HalfSignIn, openHalfSignIn, sealHalfSignIn, sessionInside } from './half-sign-in.ts';
import { personOfIdentity, putIdentity } from './identity-rows.ts';
import { beginFor, letIn, welcome } from './let-in.ts';
import { addPersonRow, putPerson } from './person-rows.ts';
import type { ProviderClient, Vouched } from './provider-client.ts';
import { type ProvidedRoles, providedRoles } from './provided-roles.ts';
import { isNarrowed, withLimits } from './role-limits.ts';
import { endSessionsOf } from './sessions.ts';
import { begunTooLongAgo, noteRefused, signInFailed, type SignInPorts } from './sign-in.ts';
import type { Visitor } from './visitor.ts';

type Asked<N extends keyof SignInRoutes> = z.output<SignInRoutes[N]['request']>;

const RANDOM_BYTES = 32;

function redirectUri(url: string, provider: string): string {
  return `${url}/sign-in/callback/${provider}`;
}

export async function signInWithProvider(
  { providers, barrier, random, clock }: SignInPorts,
  visitor: Visitor,
  { provider, fresh = false }: Asked<'signInWithProvider'>,
): Promise<SignInAnswer<'signInWithProvider'>> {
  const client = providers.client(provider);
  if (client === undefined) throw noSuchProvider();
  const draw = (): string => Buffer.from(random(RANDOM_BYTES)).toString('base64url');
  const before = visitor.session === undefined ? undefined : sessionInside(barrier, visitor.session);
  const half: HalfSignIn = {
    awaits: 'provider',
    id: uuidFrom(random),
    at: clock(),
    provider,
    checks: { state: draw(), nonce: draw(), verifier: draw(), fresh },
    session: before ?? null,
  };
  const url = await client.addressFor(redirectUri(visitor.url, provider), half.checks);
  visitor.keepSession(sealHalfSignIn(barrier, half), before === undefined ? HALF_SIGN_IN_MS : SESSION_MS_MAX);
  return { url };
}

/** Throws `sign-in-failed`. */
export async function providerSignIn(
  ports: SignInPorts,
  visitor: Visitor,
  { provider, answer }: Asked<'providerSignIn'>,
): Promise<SignInAnswer<'providerSignIn'>> {
  const { providers, store, rows, barrier, clock } = ports;
  const half = openHalfSignIn(barrier, visitor.session, clock());
  if (half?.awaits !== 'provider' || half.provider !== provider) throw begunTooLongAgo();
  const client = providers.client(provider);
  if (client === undefined) throw noSuchProvider();
  // From the configured address, never from the request's own headers.
  const back = new URL(`${redirectUri(visitor.url, provider)}?${answer.replace(/^\?/, '')}`);
  const vouched = await client.judge(back, half.checks);
  if (vouched === undefined) {
    await noteRefused(ports, visitor, undefined, 'provider');
    throw signInFailed('the provider’s answer does not match this sign-in');
  }
  const begun = await letIn(store, async (transaction) => {
    const provided = await providedRoles(rows, transaction, client.settings, vouched.groups);
    const person = await personOf(ports, transaction, client, vouched, provided);
    if (person === undefined) return undefined;
    const credentials = await readCredentials(rows, transaction, person.id);
    if (credentials.spent.some(({ id }) => id === half.id)) return undefined;
    if (provided.roles.length === 0) return undefined;
    const now = clock();
    const spent = [
      ...credentials.spent.filter(({ until }) => until > now),
      { id: half.id, until: now + 2 * HALF_SIGN_IN_MS },
    ];
    await putCredentials(rows, transaction, person.id, { ...credentials, spent });
    // If the provider does not say when they signed in, this is not a fresh sign-in.
    const signedInAt = Math.min(vouched.signedInAt ?? 0, now);
    return { person, session: await beginFor(ports, transaction, person, visitor, 'provider', signedInAt) };
  });
  if (begun === undefined) {
    await noteRefused(ports, visitor, undefined, 'provider');
    throw new KeystairError(
      'sign-in-failed',
      'none of your groups at the provider has a role on this server',
      {
        nextStep: 'ask an administrator of this server which group you need, and sign in again',
      },
    );
  }
  return welcome(ports, begun.person, visitor, begun.session);
}

/** The person with their present roles; undefined for somebody new without a role. */
async function personOf(
  ports: SignInPorts,
  transaction: Transaction,
  { settings }: ProviderClient,
  vouched: Vouched,
  { roles, limits }: ProvidedRoles,
): Promise<PersonRow | undefined> {
  const { rows, audit, random, clock } = ports;
  const { issuer, subject } = vouched;
  const identity: ProvidedIdentity = { provider: settings.id, issuer, subject };
  const known = await personOfIdentity(rows, transaction, identity);
  if (known !== undefined) {
    const { limits: limitsBefore = {}, ...rest } = known;
    const changed: PersonRow = { ...rest, roles, ...withLimits(limits), identity };
    await putPerson(rows, transaction, changed);
    const narrowed = await isNarrowed(rows, transaction, known, changed);
    await ports.rightsLost(transaction, narrowed ? known.id : undefined);
    if (roles.length === 0) await endSessionsOf(rows, transaction, known.id);
    if (JSON.stringify([known.roles, limitsBefore]) !== JSON.stringify([roles, limits])) {
      const { id: person, name, roles: before } = known;
      await audit.append(transaction, [
        {
          event: 'person-changed',
          by: 'server',
          person,
          name,
          roles,
          before,
          ...withLimits(limits),
          ...(Object.keys(limitsBefore).length === 0 ? {} : { limitsBefore }),
        },
      ]);
    }
    return changed;
  }
  if (roles.length === 0) return undefined;
  const added: PersonRow = {
    id: uuidFrom(random),
    name: await freeName(transaction, settings.name, vouched),
    roles,
    ...withLimits(limits),
    createdAt: isoTime(clock()),
    generation: 1,
    service: null,
    identity,
  };
  await addPersonRow(rows, transaction, added);
  await putIdentity(rows, transaction, identity, added.id);
  await audit.append(transaction, [
    {
      event: 'person-added',
      by: auditName(added),
      person: added.id,
      name: added.name,
      service: false,
      roles,
      ...withLimits(limits),
    },
  ]);
  return added;
}

/** A free name for a new person: a provider's name for somebody never takes over another person's name. */
async function freeName(
  transaction: Transaction,
  provider: string,
  { name, subject }: Vouched,
): Promise<string> {
  const read = readName((name ?? subject).slice(0, 200));
  const first = 'name' in read ? read.name : 'somebody';
  const mark = hash('sha256', subject, 'hex').slice(0, 8);
  for (const one of [first, `${first} (${provider})`.slice(0, 240)])
    if ((await transaction.row('person-name', sortName(one))) === undefined) return one;
  return `${first} (${mark})`;
}

function noSuchProvider(): KeystairError {
  return new KeystairError('not-found', 'this server has no such provider', {
    nextStep: 'sign in another way',
  });
}
