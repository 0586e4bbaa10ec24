/**
 * The header of a new age v1 file (https://age-encryption.org/v1), and the fresh file key it wraps.
 *
 * typage makes it: it encrypts an empty file, whose header is the same as for any other, and passes the file key to one
 * recipient of ours. Nonce and tag of the empty payload are cut off.
 */
import { assert, KeystairError } from '#domain/errors.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { PAYLOAD_NONCE_BYTES } from './age-payload.ts';

const TAG_BYTES = 16;

/** The two kinds of recipient: hybrid and X25519. */
const RECIPIENT = /^age1(pq1)?[02-9ac-hj-np-z]+$/;

export interface NewAgeHeader {
  readonly header: Uint8Array;
  /** 16 bytes; the receiver overwrites it after use. */
  readonly fileKey: Uint8Array;
}

/**
 * @param recipients `age1pq1…` or `age1…`, all of one kind.
 * @param ownStanzas receives the file key and makes the stanzas that are not a recipient's.
 */
export async function makeAgeHeader(
  recipients: readonly string[],
  ownStanzas: (fileKey: Uint8Array) => readonly AgeStanza[] | Promise<readonly AgeStanza[]>,
): Promise<NewAgeHeader> {
  // Loaded here and not above: see age-identity.ts.
  const { Encrypter, Stanza } = await import('age-encryption');
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  encrypter.addRecipient({
    wrapFileKey: async (shown: Uint8Array) => {
      fileKey = shown.slice();
      const stanzas = await ownStanzas(fileKey);
      return stanzas.map(({ args, body }) => new Stanza([...args], body));
    },
  });
  for (const recipient of recipients) {
    try {
      if (!RECIPIENT.test(recipient)) throw new Error('not one of the two kinds');
      encrypter.addRecipient(recipient);
    } catch {
      throw new KeystairError('invalid-argument', 'a recipient begins with neither age1pq1 nor age1', {
        nextStep: 'copy the whole recipient again',
      });
    }
  }
  // As a stream: typage collects whole bytes through `Response`, which loads Node's `fetch`.
  const nothing = ReadableStream.from([new Uint8Array(0)]);
  const empty = Buffer.concat(await Array.fromAsync(await encrypter.encrypt(nothing)));
  assert(fileKey !== undefined, 'typage shows the file key to every recipient');
  return { header: empty.subarray(0, empty.length - PAYLOAD_NONCE_BYTES - TAG_BYTES), fileKey };
}
