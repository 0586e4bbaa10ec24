/**
 * The invitation: a one-time string that carries where to join, the fingerprint of the authority's key to pin, and a
 * secret. The inviting server keeps only the secret's hash.
 */
import { hash } from 'node:crypto';
import { parseJson } from './bounded-json.ts';
import { KeystairError } from './errors.ts';
import { UUID_PATTERN } from './uuid.ts';
import { REQUEST_JSON } from './json-bounds.ts';
import { INVITATION_BYTES_MAX } from './limits.ts';
import { ADDRESSES_MAX } from './message-limits.ts';

export interface Invitation {
  readonly kind: 'device' | 'secondary';
  readonly server: { readonly id: string; readonly name: string };
  /** HOST:PORT, tried in order. */
  readonly addresses: readonly string[];
  /** SHA-256 of the authority's public key, 64 hexadecimal digits. */
  readonly authority: string;
  /** 32 random bytes in base64url. */
  readonly secret: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

const PREFIX = 'keystair-invitation-1.';

function checksum(payload: string): string {
  return hash('sha256', PREFIX + payload, 'hex').slice(0, 8);
}

/**
 * One word, safe to mail (white space within it does not count): prefix, base64url of the JSON, and a checksum that
 * exposes a truncated one.
 */
export function encodeInvitation(invitation: Invitation): string {
  const payload = Buffer.from(JSON.stringify(invitation)).toString('base64url');
  return `${PREFIX}${payload}.${checksum(payload)}`;
}

function invalid(sentence: string): KeystairError {
  return new KeystairError('invitation-invalid', sentence, {
    nextStep: 'copy the whole invitation again, or ask for a new one',
  });
}

export function decodeInvitation(text: string): Invitation {
  // Mail wraps long lines.
  const word = text.replaceAll(/\s+/g, '');
  if (!word.startsWith(PREFIX)) throw invalid('this is not a Keystair invitation');
  const [payload = '', sum, ...more] = word.slice(PREFIX.length).split('.');
  if (word.length > INVITATION_BYTES_MAX || more.length > 0 || sum !== checksum(payload)) {
    throw invalid('the invitation is truncated or altered');
  }
  const value = parsePayload(payload);
  if (!isInvitation(value)) throw invalid('the invitation is altered');
  return value;
}

function parsePayload(payload: string): unknown {
  try {
    return parseJson(Buffer.from(payload, 'base64url').toString('utf8'), REQUEST_JSON);
  } catch {
    return undefined;
  }
}

/** A checksum is no seal: an attacker who alters an invitation can make it fit again. */
function isInvitation(value: unknown): value is Invitation {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, server, addresses, authority, secret, expiresAt } = value as Record<string, unknown>;
  if (typeof server !== 'object' || server === null) return false;
  const { id, name } = server as Record<string, unknown>;
  return (
    (kind === 'device' || kind === 'secondary') &&
    typeof id === 'string' &&
    UUID_PATTERN.test(id) &&
    typeof name === 'string' &&
    Array.isArray(addresses) &&
    addresses.length <= ADDRESSES_MAX &&
    addresses.every((address) => typeof address === 'string') &&
    typeof authority === 'string' &&
    /^[0-9a-f]{64}$/.test(authority) &&
    typeof secret === 'string' &&
    typeof expiresAt === 'string'
  );
}

/** The name under which the inviting server keeps it. */
export function hashInvitationSecret(secret: string): string {
  return hash('sha256', `keystair/invitation/${secret}`, 'hex');
}
