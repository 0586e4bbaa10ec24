/**
 * Writes the envelope of an export file: a plain age v1 file, with a passphrase as its only stanza, or for one
 * recipient. Exactly what stock `age` makes and opens.
 */
import { assert } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { SCRYPT_WORK_FACTOR } from '#domain/limits.ts';
import { type Bytes, encryptPayload, PAYLOAD_NONCE_BYTES } from '../age/age-payload.ts';
import { makeAgeHeader } from '../age/make-age-header.ts';
import { newPassword } from '../password/password-text.ts';
import { type Stretch, wrapWithPassphrase } from '../age/scrypt-stanza.ts';

/** Who can open a file: those who know the password, or the owner of the recipient's identity. age forbids both at once. */
export type SealedTo =
  | { readonly kind: 'password'; readonly password: KeyMaterial }
  | { readonly kind: 'recipient'; readonly recipient: string };

export interface SealExportOptions {
  readonly random: (bytes: number) => Uint8Array;
  /** Lower in tests only. */
  readonly workFactor?: number | undefined;
  /** In a thread unless another is given. */
  readonly stretch?: Stretch | undefined;
}

const SALT_BYTES = 16;

/** What it takes to seal a file, and nothing by which the password could be had back. */
export interface ExportSeal {
  /** Yields header and payload; memory stays bounded at any size. A file that broke off may be sealed again. */
  seal(plaintext: AsyncIterable<Uint8Array>): Bytes;
  /** Wipes the file's key: nothing is sealed after it. */
  wipe(): void;
}

/** Throws `invalid-argument` for what is no recipient. The time for scrypt is spent here. */
export async function prepareSeal(to: SealedTo, options: SealExportOptions): Promise<ExportSeal> {
  const { random, workFactor = SCRYPT_WORK_FACTOR, stretch } = options;
  const { header, fileKey } =
    to.kind === 'recipient'
      ? await makeAgeHeader([to.recipient], () => [])
      : await makeAgeHeader([], async (key) => [
          await wrapWithPassphrase(
            key,
            newPassword(to.password.exposeText() ?? ''),
            random(SALT_BYTES),
            workFactor,
            stretch,
          ),
        ]);
  let isWiped = false;
  return {
    async *seal(plaintext) {
      yield header;
      assert(!isWiped, 'a wiped key seals nothing');
      // A fresh nonce makes a fresh payload key.
      yield* encryptPayload(fileKey, random(PAYLOAD_NONCE_BYTES), plaintext);
    },
    wipe: () => {
      isWiped = true;
      fileKey.fill(0);
    },
  };
}
