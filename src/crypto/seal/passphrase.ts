/**
 * The seal that is a passphrase: argon2id (RFC 9106) derives its 32 bytes. Parameters and salt are stored with the
 * seal, so that a later release can ask for more of a new one and still open an old one.
 *
 * Invariant: nothing is computed for parameters beyond the limits, because the row they come from may have been edited.
 */
import { argon2 } from 'node:crypto';
import { KeystairError } from '#domain/errors.ts';
import {
  ARGON2_MEMORY_KIB,
  ARGON2_MEMORY_KIB_MAX,
  ARGON2_PARALLELISM,
  ARGON2_PARALLELISM_MAX,
  ARGON2_PASSES,
  ARGON2_PASSES_MAX,
} from '#domain/limits.ts';
import type { Random } from '../keyring.ts';
import { passwordForms } from '../password/password-text.ts';

export interface PassphraseParameters {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  /** Base64. */
  readonly salt: string;
}

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const SALT_BYTES_MAX = 64;
/** RFC 9106: at least 8 KiB for each lane. */
const MEMORY_KIB_A_LANE_MIN = 8;

export function makePassphraseParameters(random: Random): PassphraseParameters {
  return {
    memoryKib: ARGON2_MEMORY_KIB,
    passes: ARGON2_PASSES,
    parallelism: ARGON2_PARALLELISM,
    salt: Buffer.from(random(SALT_BYTES)).toString('base64'),
  };
}

function within(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function requireWithinLimits({ memoryKib, passes, parallelism }: PassphraseParameters, salt: Buffer): void {
  if (
    within(parallelism, 1, ARGON2_PARALLELISM_MAX) &&
    within(memoryKib, MEMORY_KIB_A_LANE_MIN * parallelism, ARGON2_MEMORY_KIB_MAX) &&
    within(passes, 1, ARGON2_PASSES_MAX) &&
    within(salt.length, SALT_BYTES, SALT_BYTES_MAX)
  ) {
    return;
  }
  throw new KeystairError(
    'data-damaged',
    'the row of the passphrase seal has parameters above the limits of this program: it was altered in the database',
    { nextStep: 'open the server with another seal, or restore the newest backup' },
  );
}

/**
 * The forms of a passphrase that may open a seal, each once: the hashed text is always NFC, and earlier releases kept a
 * mark before it.
 */
export function passphraseForms(given: string): readonly string[] {
  return [...new Set(passwordForms(given).map((form) => form.normalize('NFC')))];
}

/**
 * The 32 bytes of a passphrase, in 0.3 s and 64 MiB on a thread of its own. Keyboards compose accents in more than one
 * way, so the text is brought into one form (NFC). Throws `data-damaged` for parameters beyond the limits.
 */
export async function stretchPassphrase(
  passphrase: string,
  parameters: PassphraseParameters,
): Promise<Uint8Array> {
  const salt = Buffer.from(parameters.salt, 'base64');
  requireWithinLimits(parameters, salt);
  const message = Buffer.from(passphrase.normalize('NFC'), 'utf8');
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      argon2(
        'argon2id',
        {
          message,
          nonce: salt,
          memory: parameters.memoryKib,
          passes: parameters.passes,
          parallelism: parameters.parallelism,
          tagLength: KEY_BYTES,
        },
        (error, key) => {
          if (error === null) resolve(new Uint8Array(key));
          else reject(error);
        },
      );
    });
  } finally {
    message.fill(0);
  }
}
