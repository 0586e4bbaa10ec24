/**
 * A sign-in between its first call and its last. The visitor carries what they proved so far, sealed. So a stranger
 * leaves no row in the server, and any process of the server can continue the sign-in.
 *
 * Invariants: nobody makes or changes one without the root key. It expires after some minutes, or when the person's way
 * of signing in changes. It carries the earlier session, sealed, so that a person who signs in again stays signed in
 * until the new session replaces the old one, and keeps the old one if they give up.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { HALF_SIGN_IN_MS } from '#domain/people-limits.ts';
import type { ProviderChecks } from './provider-client.ts';

const PREFIX = 'half.';
const PURPOSE = 'people/half-sign-in';

interface Begun {
  /** Random: names this sign-in. */
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
  /** The token of the earlier session. */
  readonly session: string | null;
}

/** The password was right; the code is still to come. */
interface AwaitsCode extends Begun {
  readonly awaits: 'code';
  readonly person: string;
  readonly generation: number;
}

/** Nothing is proved yet; the answer to this challenge is still to come. */
interface AwaitsPasskey extends Begun {
  readonly awaits: 'passkey';
  readonly challenge: string;
}

/** Nothing is proved yet; the provider's answer is still to come. */
interface AwaitsProvider extends Begun {
  readonly awaits: 'provider';
  readonly provider: string;
  readonly checks: ProviderChecks;
}

export type HalfSignIn = AwaitsCode | AwaitsPasskey | AwaitsProvider;

export function sealHalfSignIn(barrier: Barrier, half: HalfSignIn): string {
  return PREFIX + sealed(barrier, PURPOSE, half);
}

/** Undefined if this server did not make it, or it expired. */
export function openHalfSignIn(
  barrier: Barrier,
  token: string | undefined,
  now: number,
): HalfSignIn | undefined {
  const half = token === undefined ? undefined : unseal(barrier, token);
  return half !== undefined && isRecent(half, now) ? half : undefined;
}

/** The session token in a cookie: the cookie's own, or that of the session before a sign-in under way. */
export function sessionInside(barrier: Barrier, token: string): string | undefined {
  if (!token.startsWith(PREFIX)) return token;
  return unseal(barrier, token)?.session ?? undefined;
}

function unseal(barrier: Barrier, token: string): HalfSignIn | undefined {
  if (!token.startsWith(PREFIX)) return undefined;
  return openSealed(barrier, PURPOSE, token.slice(PREFIX.length)) as HalfSignIn | undefined;
}

/** Allows a signed-in person to add a passkey; sealed, and valid for as long as making one takes. */
export interface PasskeyOffer {
  readonly person: string;
  readonly challenge: string;
  readonly handle: string;
  readonly at: number;
}

/** Allows a signed-in person to replace the app of their codes. Its secret counts for nothing until a code proves it. */
export interface OneTimeCodeOffer {
  readonly person: string;
  readonly generation: number;
  /** Hexadecimal. */
  readonly secret: string;
  readonly at: number;
}

const CODE_PURPOSE = 'people/one-time-code-offer';

export function sealOneTimeCodeOffer(barrier: Barrier, offer: OneTimeCodeOffer): string {
  return sealed(barrier, CODE_PURPOSE, offer);
}

export function openOneTimeCodeOffer(
  barrier: Barrier,
  token: string,
  now: number,
): OneTimeCodeOffer | undefined {
  const offer = openSealed(barrier, CODE_PURPOSE, token) as OneTimeCodeOffer | undefined;
  return offer !== undefined && isRecent(offer, now) ? offer : undefined;
}

const OFFER_PURPOSE = 'people/passkey-offer';

export function sealPasskeyOffer(barrier: Barrier, offer: PasskeyOffer): string {
  return sealed(barrier, OFFER_PURPOSE, offer);
}

export function openPasskeyOffer(barrier: Barrier, token: string, now: number): PasskeyOffer | undefined {
  const offer = openSealed(barrier, OFFER_PURPOSE, token) as PasskeyOffer | undefined;
  return offer !== undefined && isRecent(offer, now) ? offer : undefined;
}

function isRecent({ at }: { readonly at: number }, now: number): boolean {
  const age = now - at;
  return age >= 0 && age <= HALF_SIGN_IN_MS;
}

function sealed(barrier: Barrier, purpose: string, content: object): string {
  const bytes = barrier.seal(purpose, '', Buffer.from(JSON.stringify(content)));
  return Buffer.from(bytes).toString('base64url');
}

function openSealed(barrier: Barrier, purpose: string, token: string): unknown {
  try {
    const opened = barrier.open(purpose, '', Buffer.from(token, 'base64url'));
    return parseJson(Buffer.from(opened).toString('utf8'), ROW_JSON);
  } catch {
    return undefined;
  }
}
