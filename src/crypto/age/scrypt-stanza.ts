/**
 * The passphrase stanza of an age v1 file (https://age-encryption.org/v1, section "scrypt recipient stanza"): `->
 * scrypt SALT WORK-FACTOR`, whose body is the file key sealed under the key that scrypt derives from the passphrase.
 *
 * Invariants: it is the only stanza of its file; a work factor is judged before a byte of memory is spent on it; one
 * derivation runs at a time, off the event loop, so that many requests cost the memory of one.
 */
import { createCipheriv, createDecipheriv, scrypt, type ScryptOptions, scryptSync } from 'node:crypto';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { SCRYPT_WORK_FACTOR_MAX } from '#domain/limits.ts';

const TYPE = 'scrypt';
const LABEL = 'age-encryption.org/v1/scrypt';
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const FILE_KEY_BYTES = 16;
const BLOCK = 8;
const CIPHER = 'chacha20-poly1305';
/** A key that seals only once needs no nonce. */
const NONCE = Buffer.alloc(12);
const WORK_FACTOR = /^[1-9][0-9]?$/;

/** scrypt over 32 bytes. The work factor is the base-2 logarithm of N. */
export type Stretch = (passphrase: string, salt: Uint8Array, workFactor: number) => Promise<Uint8Array>;

function scryptOptions(workFactor: number): ScryptOptions {
  const N = 2 ** workFactor;
  return { N, r: BLOCK, p: 1, maxmem: 128 * BLOCK * N + 1024 * 1024 };
}

let running: Promise<unknown> = Promise.resolve();

const stretchApart: Stretch = (passphrase, salt, workFactor) => {
  const one = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      scrypt(passphrase, salt, 32, scryptOptions(workFactor), (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    });
  const mine = running.then(one, one);
  running = mine;
  return mine;
};

/** Without a thread, for callers that need every run alike; everything else waits meanwhile. */
export const stretchAtOnce: Stretch = async (passphrase, salt, workFactor) =>
  scryptSync(passphrase, salt, 32, scryptOptions(workFactor));

async function derive(
  stretch: Stretch,
  passphrase: string,
  salt: Uint8Array,
  workFactor: number,
): Promise<Uint8Array> {
  return stretch(passphrase, Buffer.concat([Buffer.from(LABEL), salt]), workFactor);
}

export function isScryptStanza(stanza: AgeStanza): boolean {
  return stanza.args[0] === TYPE;
}

export async function wrapWithPassphrase(
  fileKey: Uint8Array,
  passphrase: string,
  salt: Uint8Array,
  workFactor: number,
  stretch: Stretch = stretchApart,
): Promise<AgeStanza> {
  const key = await derive(stretch, passphrase, salt, workFactor);
  const cipher = createCipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  const saltText = Buffer.from(salt).toString('base64').replace(/=+$/, '');
  return { args: [TYPE, saltText, String(workFactor)], body };
}

/**
 * The file key, or undefined where the passphrase is another, the stanza is malformed or shares its file with others,
 * or the work factor is over the limit.
 */
export async function unwrapWithPassphrase(
  stanzas: readonly AgeStanza[],
  passphrase: string,
  stretch: Stretch = stretchApart,
): Promise<Uint8Array | undefined> {
  const [stanza] = stanzas;
  if (stanzas.length !== 1 || stanza === undefined || !isScryptStanza(stanza)) return undefined;
  const [, saltText = '', workText = '', ...more] = stanza.args;
  const salt = Buffer.from(saltText, 'base64');
  const canonical = salt.toString('base64').replace(/=+$/, '') === saltText;
  if (more.length > 0 || !canonical || salt.length !== SALT_BYTES) return undefined;
  if (!WORK_FACTOR.test(workText) || Number(workText) > SCRYPT_WORK_FACTOR_MAX) return undefined;
  if (stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES) return undefined;
  const key = await derive(stretch, passphrase, salt, Number(workText));
  const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES });
  key.fill(0);
  decipher.setAuthTag(stanza.body.subarray(FILE_KEY_BYTES));
  const fileKey = decipher.update(stanza.body.subarray(0, FILE_KEY_BYTES));
  try {
    decipher.final();
    return fileKey;
  } catch {
    fileKey.fill(0);
    return undefined;
  }
}
