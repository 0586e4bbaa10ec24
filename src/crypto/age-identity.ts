/**
 * age identities: made, turned into recipients, and used to unwrap one file's key. The device uses this for its own
 * files and the server for others' files, so it knows nothing of either.
 *
 * Identities travel as key material; the text form exists only inside these functions.
 *
 * typage is loaded when an identity is made or used: its ciphers take a twentieth of a second, which no other command
 * and no start of a server should pay.
 */
import type { Decrypter } from 'age-encryption';
import { assert, KeystairError } from '#domain/errors.ts';
import { fileDamaged } from '#domain/file-damaged.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { UNWRAP_STANZAS_MAX } from '#domain/limits.ts';

function typage() {
  return import('age-encryption');
}

const FILE_KEY_BYTES = 16;
const HYBRID_PREFIX = 'AGE-SECRET-KEY-PQ-1';
const X25519_PREFIX = 'AGE-SECRET-KEY-1';

function textOf(identity: KeyMaterial): string {
  const text = identity.exposeText();
  if (text === undefined || !(text.startsWith(HYBRID_PREFIX) || text.startsWith(X25519_PREFIX))) {
    throw new KeystairError('record-invalid', 'the key material is not an age identity', {
      nextStep: 'check that this is a file key',
    });
  }
  return text;
}

/** What typage throws may quote its input, so it never becomes a cause. */
function unusable(): KeystairError {
  return new KeystairError('record-invalid', 'the age identity is malformed', {
    nextStep: 'check what made the key',
  });
}

/** A fresh identity. typage takes its randomness from the operating system itself. */
export async function makeAgeIdentity(
  algorithm: AgeAlgorithm,
): Promise<{ readonly identity: KeyMaterial; readonly recipient: string }> {
  const { generateHybridIdentity, generateX25519Identity } = await typage();
  const text = await (algorithm === 'age-x25519' ? generateX25519Identity() : generateHybridIdentity());
  const identity = KeyMaterial.fromText(text);
  return { identity, recipient: await recipientOf(identity) };
}

/** `age1pq1…` of a hybrid identity, `age1…` of an X25519 one. */
export async function recipientOf(identity: KeyMaterial): Promise<string> {
  const { identityToRecipient } = await typage();
  try {
    return await identityToRecipient(textOf(identity));
  } catch (error) {
    throw error instanceof KeystairError ? error : unusable();
  }
}

async function decrypterFor(identity: KeyMaterial): Promise<Decrypter> {
  const { Decrypter } = await typage();
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(textOf(identity));
  } catch (error) {
    throw error instanceof KeystairError ? error : unusable();
  }
  return decrypter;
}

/**
 * The 16-byte file key, or null where no stanza is for this identity. Throws `file-damaged` where a stanza of the
 * identity's own type is malformed. The caller verifies the header's MAC before it trusts the key.
 */
export async function unwrapFileKey(
  identity: KeyMaterial,
  stanzas: readonly AgeStanza[],
): Promise<Uint8Array | null> {
  if (stanzas.length > UNWRAP_STANZAS_MAX) {
    throw new KeystairError('file-damaged', `the file's header has more than ${UNWRAP_STANZAS_MAX} stanzas`, {
      nextStep: 'encrypt the file again for fewer recipients',
    });
  }
  const decrypter = await decrypterFor(identity);
  const { Stanza } = await typage();
  // typage publishes unwrapping only for a whole header, but a server receives stanzas alone. The method is private in
  // its types; the version is pinned and a test holds it.
  assert(typeof decrypter['unwrapFileKey'] === 'function', 'typage unwraps stanzas');
  let fileKey: Uint8Array | null;
  try {
    fileKey = await decrypter['unwrapFileKey'](stanzas.map(({ args, body }) => new Stanza([...args], body)));
  } catch {
    throw fileDamaged("a recipient stanza in the file's header is malformed");
  }
  if (fileKey !== null && fileKey.length !== FILE_KEY_BYTES) {
    throw fileDamaged(`the file's key does not have ${FILE_KEY_BYTES} bytes`);
  }
  return fileKey;
}
