/**
 * The passphrase stanza of an age v1 file (https://age-encryption.org/v1, section "scrypt recipient stanza"):
 * `-> scrypt SALT WORK-FACTOR`, its body the file key sealed under what scrypt makes of the passphrase.
 *
 * Invariants: it is the only stanza of its file; a work factor is judged before a byte of memory is spent on it; one
 * derivation runs at a time, off the event loop, so that many questions cost the memory of one.
 */
import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { SCRYPT_WORK_FACTOR_MAX } from '#domain/limits.ts';

const TYPE = 'scrypt';
const LABEL = 'age-encryption.org/v1/scrypt';
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const FILE_KEY_BYTES = 16;
const BLOCK = 8;
const CIPHER = 'chacha20-poly1305';
/** A key sealed once under a key used once needs no nonce. */
const NONCE = Buffer.alloc(12);
const WORK_FACTOR = /^[1-9][0-9]?$/;

let running: Promise<unknown> = Promise.resolve();

/** @param workFactor the base-2 logarithm of N; 128 · r · N bytes of memory. */
function derive(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const N = 2 ** workFactor;
  const labelled = Buffer.concat([Buffer.from(LABEL), salt]);
  const one = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const options = { N, r: BLOCK, p: 1, maxmem: 128 * BLOCK * N + 1024 * 1024 };
      scrypt(passphrase, labelled, 32, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    });
  const mine = running.then(one, one);
  running = mine;
  return mine;
}

export function isScryptStanza(stanza: AgeStanza): boolean {
  return stanza.args[0] === TYPE;
}

export async function wrapWithPassphrase(
  fileKey: Uint8Array,
  passphrase: string,
  salt: Uint8Array,
  workFactor: number,
): Promise<AgeStanza> {
  const key = await derive(passphrase, salt, workFactor);
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
): Promise<Uint8Array | undefined> {
  const [stanza] = stanzas;
  if (stanzas.length !== 1 || stanza === undefined || !isScryptStanza(stanza)) return undefined;
  const [, saltText = '', workText = '', ...more] = stanza.args;
  const salt = Buffer.from(saltText, 'base64');
  const canonical = salt.toString('base64').replace(/=+$/, '') === saltText;
  if (more.length > 0 || !canonical || salt.length !== SALT_BYTES) return undefined;
  if (!WORK_FACTOR.test(workText) || Number(workText) > SCRYPT_WORK_FACTOR_MAX) return undefined;
  if (stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES) return undefined;
  const key = await derive(passphrase, salt, Number(workText));
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
