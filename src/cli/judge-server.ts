/**
 * Whether the server at a URL is the one that is meant, before anybody signs in there.
 *
 * Invariant: nothing is sent to a server before its certificate is one that an authority vouches for, that was pinned
 * before, or that the person at the terminal compared and took.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { step } from '#domain/step.ts';
import { readFingerprint } from '#transport/people/fingerprint.ts';
import type { Trust } from '#transport/people/judged-connections.ts';
import type { PeopleConnection } from '#transport/people/people-connection.ts';
import { createPeopleClient, createSignInClient } from '#transport/people/people-client.ts';
import { UNKNOWN_CALLER, urlConnection } from '#transport/people/url-connection.ts';
import { askVisibly } from './hidden-prompt.ts';
import type { KeptLogin } from './kept-logins.ts';
import type { AtUrl } from './places.ts';
import type { Surroundings } from './remote-server.ts';

export interface Judged {
  readonly trust: Trust;
  readonly server: KeptLogin['server'];
}

export async function judgeServer(
  address: AtUrl,
  before: KeptLogin | undefined,
  around: Surroundings,
): Promise<Judged> {
  const { url } = address;
  if (address.fingerprint !== undefined) return meet(url, pinned(address.fingerprint));
  const kept = before?.fingerprint ?? undefined;
  if (kept !== undefined) {
    const met = await meet(url, pinned(kept)).catch(otherwise);
    if (!(met instanceof KeystairError)) return met;
  }
  const met = await meet(url, { authorities: true, fingerprint: undefined }).catch(otherwise);
  if (!(met instanceof KeystairError)) return met;
  const shown = met.details?.['fingerprint'];
  if (typeof shown !== 'string' || !around.terminal.inputIsPerson) throw met;
  if (kept !== undefined) around.terminal.say(`The certificate of ${url} has changed since the last login.`);
  await compare(url, shown, met, around);
  return meet(url, pinned(shown));
}

function pinned(fingerprint: string): Trust {
  return { authorities: false, fingerprint };
}

/** Asks the server for its name, as anybody may. */
async function meet(url: string, trust: Trust): Promise<Judged> {
  const connection = urlConnection({ url, trust, caller: UNKNOWN_CALLER });
  try {
    const { server } = await createSignInClient(connection)('signInMethods', {});
    return { trust, server };
  } catch (error) {
    if (codeOf(error) === 'not-available-yet') await requireUnsealed(connection);
    throw error;
  }
}

/** A sealed server knows nobody, and tells everybody that it is sealed. */
async function requireUnsealed(connection: PeopleConnection): Promise<void> {
  const { sealed, server } = await createPeopleClient(connection)('sealState', {});
  if (!sealed) return;
  throw new KeystairError('server-sealed', `${server.name} is sealed, and nobody can sign in there`, {
    nextStep: step('unseal'),
  });
}

/** A server that is not trusted may be so for another reason. */
function otherwise(error: unknown): KeystairError {
  if (error instanceof KeystairError && error.code === 'untrusted-server') return error;
  throw error;
}

async function compare(
  url: string,
  shown: string,
  refusal: KeystairError,
  { terminal }: Surroundings,
): Promise<void> {
  terminal.say(`No authority that this machine trusts vouches for ${url}. The SHA-256 of its certificate:`);
  terminal.say(`  ${shown}`);
  terminal.say('`keystair server status` on its own machine shows the right one.');
  const answer = (
    await askVisibly('Is it the same? Type yes, or paste the right one: ', NAME_LENGTH_MAX)
  ).trim();
  if (answer === 'yes' || readFingerprint(answer) === shown) return;
  throw refusal;
}
