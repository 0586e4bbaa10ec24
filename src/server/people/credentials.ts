/**
 * How people prove who they are: what this server stores of passwords, one-time codes and recovery codes.
 *
 * Invariants: nothing stored here opens anything without the root key. Stretched passwords and recovery codes are
 * stored as MACs of the barrier, and the secret of one-time codes is sealed. A code counts once: the transaction that
 * signs the person in notes the step or the code that was used.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Barrier } from '#crypto/barrier.ts';
import { ONE_TIME_SECRET_BYTES, stepOfCode } from '#crypto/password/one-time-code.ts';
import type { PassphraseParameters } from '#crypto/seal/passphrase.ts';
import { RECOVERY_CODE_LETTERS, RECOVERY_CODES } from '#domain/people-limits.ts';
import { toHex } from '#domain/hex.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import type { Random } from '../environment/environment.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import type { StretchedPassword } from './stretcher.ts';

export interface KeptPassword {
  readonly parameters: PassphraseParameters;
  /** Hexadecimal. */
  readonly mac: string;
}

export interface Passkey {
  /** As the authenticator named it, base64url. */
  readonly credentialId: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** The authenticator's count of uses; always 0 if it does not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

export interface Credentials {
  readonly password: KeptPassword | null;
  /** The last step whose code was accepted; null without a secret. */
  readonly lastStep: number | null;
  /** MACs of the unused ones, hexadecimal. */
  readonly recoveryCodes: readonly string[];
  readonly passkeys: readonly Passkey[];
  /** The id by which authenticators know the person, base64url; null before the first passkey. */
  readonly handle: string | null;
  /** Used challenges, each remembered until it would have expired. */
  readonly spent: readonly { readonly id: string; readonly until: number }[];
}

export const NO_CREDENTIALS: Credentials = {
  password: null,
  lastStep: null,
  recoveryCodes: [],
  passkeys: [],
  handle: null,
  spent: [],
};

const PASSWORD_PURPOSE = 'people/password';
const RECOVERY_PURPOSE = 'people/recovery-code';

/** A secret in use, or one that waits for its first code. */
export type OneTimeSecretPlace = 'in-use' | 'set-up';

function secretId(personId: string, place: OneTimeSecretPlace): string {
  return `one-time-code/${place}/${personId}`;
}

export async function readCredentials(
  rows: TrustedRows,
  reader: Reader,
  personId: string,
): Promise<Credentials> {
  return { ...NO_CREDENTIALS, ...(await rows.get<Partial<Credentials>>(reader, 'credential', personId)) };
}

export function putCredentials(
  rows: TrustedRows,
  transaction: Transaction,
  personId: string,
  credentials: Credentials,
): Promise<void> {
  return rows.put(transaction, 'credential', personId, credentials);
}

export async function deleteCredentials(transaction: Transaction, personId: string): Promise<void> {
  await transaction.deleteRow('credential', personId);
  await transaction.deleteRow('secret', secretId(personId, 'in-use'));
  await transaction.deleteRow('secret', secretId(personId, 'set-up'));
}

/** Whether the person can sign in with what this server stores. */
export function canSignIn({ password, lastStep, passkeys }: Credentials): boolean {
  return (password !== null && lastStep !== null) || passkeys.length > 0;
}

// --- passwords ---

export function keepPassword(
  barrier: Barrier,
  personId: string,
  { parameters, bytes }: StretchedPassword,
): KeptPassword {
  return { parameters, mac: toHex(barrier.mac(PASSWORD_PURPOSE, `${personId} ${toHex(bytes)}`)) };
}

export function passwordFits(
  barrier: Barrier,
  personId: string,
  kept: KeptPassword,
  stretched: Uint8Array,
): boolean {
  const mac = Buffer.from(kept.mac, 'hex');
  return barrier.macFits(PASSWORD_PURPOSE, `${personId} ${toHex(stretched)}`, mac);
}

// --- one-time codes ---

export async function makeOneTimeSecret(
  rows: TrustedRows,
  transaction: Transaction,
  personId: string,
  random: Random,
): Promise<Uint8Array> {
  const secret = random(ONE_TIME_SECRET_BYTES);
  await rows.putSecret(transaction, secretId(personId, 'set-up'), secret);
  return secret;
}

/** Puts the secret of another app into use, once a code of it was entered. */
export function replaceOneTimeSecret(
  rows: TrustedRows,
  transaction: Transaction,
  personId: string,
  secret: Uint8Array,
): Promise<void> {
  return rows.putSecret(transaction, secretId(personId, 'in-use'), secret);
}

/** Puts a secret into use once its first code was entered. */
export async function adoptOneTimeSecret(
  rows: TrustedRows,
  transaction: Transaction,
  personId: string,
): Promise<void> {
  const secret = await rows.getSecret(transaction, secretId(personId, 'set-up'));
  if (secret === undefined) return;
  await rows.putSecret(transaction, secretId(personId, 'in-use'), secret);
  secret.fill(0);
  await transaction.deleteRow('secret', secretId(personId, 'set-up'));
}

/** The step that the code belongs to; undefined if the code is wrong or was used already. */
export async function judgeOneTimeCode(
  rows: TrustedRows,
  reader: Reader,
  asked: {
    readonly personId: string;
    readonly place: OneTimeSecretPlace;
    readonly code: string;
    readonly lastStep: number;
    readonly now: number;
  },
): Promise<number | undefined> {
  const secret = await rows.getSecret(reader, secretId(asked.personId, asked.place));
  if (secret === undefined) return undefined;
  try {
    return stepOfCode(secret, asked.code, asked.now, asked.lastStep);
  } finally {
    secret.fill(0);
  }
}

// --- recovery codes ---

/** Omits the letters that look like digits; those are read as the digits. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const BITS_A_LETTER = 5;
const RECOVERY_CODE_BYTES = Math.ceil((RECOVERY_CODE_LETTERS * BITS_A_LETTER) / 8);
const GROUP = /.{4}(?=.)/g;

/** The codes, to be shown once, and what is stored of them. */
export function makeRecoveryCodes(
  barrier: Barrier,
  personId: string,
  random: Random,
): { readonly shown: string[]; readonly kept: readonly string[] } {
  const codes = Array.from({ length: RECOVERY_CODES }, () => lettersOf(random(RECOVERY_CODE_BYTES)));
  return {
    shown: codes.map((code) => code.replaceAll(GROUP, '$&-')),
    kept: codes.map((code) => recoveryMac(barrier, personId, code)),
  };
}

function lettersOf(bytes: Uint8Array): string {
  let number = BigInt(`0x${toHex(bytes)}`);
  let letters = '';
  while (letters.length < RECOVERY_CODE_LETTERS) {
    letters = LETTERS[Number(number & 31n)]! + letters;
    number >>= BigInt(BITS_A_LETTER);
  }
  return letters;
}

function recoveryMac(barrier: Barrier, personId: string, code: string): string {
  return toHex(barrier.mac(RECOVERY_PURPOSE, `${personId} ${code}`));
}

/** The remaining codes after using this one; undefined if it is not among them. */
export function useRecoveryCode(
  barrier: Barrier,
  personId: string,
  kept: readonly string[],
  given: string,
): readonly string[] | undefined {
  const code = given.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  const mac = Buffer.from(recoveryMac(barrier, personId, code), 'hex');
  const left = kept.filter((one) => !timingSafeEqual(Buffer.from(one, 'hex'), mac));
  return left.length === kept.length ? undefined : left;
}
