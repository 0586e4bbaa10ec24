/**
 * One-time codes of an app (TOTP, RFC 6238): SHA-1, six digits, thirty seconds, which every app takes. SHA-1 is sound
 * in an HMAC.
 *
 * Invariant: a step counts once, and none before it counts after it. The caller keeps the last one that counted.
 */
import { HOTP, Secret, TOTP } from 'otpauth';

const STEP_MS = 30_000;
/** Clocks of phones are a step off at most; more would give a guesser more codes that fit. */
const STEPS_OFF_MAX = 1;
/** RFC 4226 recommends 160 bits. */
export const ONE_TIME_SECRET_BYTES = 20;
const FORM = { algorithm: 'SHA1', digits: 6 } as const;

function secretOf(bytes: Uint8Array): Secret {
  // Its own buffer: the library reads a buffer whole.
  return new Secret({ buffer: new Uint8Array(bytes).buffer });
}

/** For people who type it, and for the picture that apps read. */
export function describeOneTimeSecret(
  bytes: Uint8Array,
  { issuer, name }: { readonly issuer: string; readonly name: string },
): { readonly secret: string; readonly otpauthUri: string } {
  // A colon divides issuer and name in what apps read.
  const plain = (text: string): string => text.replaceAll(':', ' ');
  const secret = secretOf(bytes);
  const uri = new TOTP({
    ...FORM,
    issuer: plain(issuer),
    label: plain(name),
    period: STEP_MS / 1000,
    secret,
  });
  return { secret: secret.base32, otpauthUri: uri.toString() };
}

/**
 * The step whose code this is; undefined where it is none, or one that may not count any more.
 *
 * @param now Unix ms. @param last the last step that counted.
 */
export function stepOfCode(bytes: Uint8Array, code: string, now: number, last: number): number | undefined {
  const given = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(given)) return undefined;
  const current = Math.floor(now / STEP_MS);
  const off = HOTP.validate({
    ...FORM,
    token: given,
    secret: secretOf(bytes),
    counter: current,
    window: STEPS_OFF_MAX,
  });
  if (off === null || current + off <= last) return undefined;
  return current + off;
}
