/**
 * The envelope of an answer to a request for a key: an armored age v1 file for the recipient that the request names,
 * with one stanza of ours, `-> keystair-answer REQUEST-ID`, that says which request it answers.
 *
 * Invariant: the stanza only tells the device which identity to try. What opens was sealed to that identity, under a
 * header whose MAC fits.
 */
import type { AgeStanza } from '#domain/file-stanza.ts';
import { codeOf } from '#domain/errors.ts';
import { answerInvalid } from '#domain/key-request.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { TRANSMISSION_LINE_BYTES_MAX } from '#domain/limits.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { unwrapFileKey } from './age-identity.ts';
import { armored } from './age/age-armor.ts';
import { headerMacFits, readAgeHeader } from './age/age-header.ts';
import { decryptPayload, encryptPayload, PAYLOAD_NONCE_BYTES } from './age/age-payload.ts';
import { makeAgeHeader } from './age/make-age-header.ts';

const STANZA_TYPE = 'keystair-answer';

/** Throws `invalid-argument` for what is no recipient. */
export async function sealKeyAnswer(
  to: { readonly recipient: string; readonly request: string },
  plaintext: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Promise<string> {
  const { header, fileKey } = await makeAgeHeader([to.recipient], () => [
    { args: [STANZA_TYPE, to.request], body: new Uint8Array(0) },
  ]);
  try {
    const payload = encryptPayload(fileKey, random(PAYLOAD_NONCE_BYTES), inOnePiece(plaintext));
    return armored(Buffer.concat([header, ...(await Array.fromAsync(payload))]));
  } finally {
    fileKey.fill(0);
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

export interface SealedKeyAnswer {
  /** The id of the request. */
  readonly request: string;
  /** Throws `answer-invalid` where the identity does not open it, or it was altered. */
  readonly open: (identity: KeyMaterial) => Promise<Uint8Array>;
}

/** Throws `answer-invalid`. */
export async function readKeyAnswer(source: AsyncIterable<Uint8Array>): Promise<SealedKeyAnswer> {
  const { header, rest } = await readAgeHeader(source).catch(damagedOr);
  const own = header.stanzas.filter(({ args }) => args[0] === STANZA_TYPE);
  const request = own[0]?.args[1];
  if (request === undefined || own.length > 1 || !UUID_PATTERN.test(request))
    throw answerInvalid('not-an-answer');
  return {
    request,
    open: async (identity) => {
      try {
        const fileKey = await unwrapFileKey(identity, header.stanzas.filter(isOfRecipient));
        if (fileKey === null || !headerMacFits(header, fileKey)) throw answerInvalid('damaged');
        return await collect(decryptPayload(fileKey, rest));
      } catch (error) {
        return damagedOr(error);
      }
    },
  };
}

function isOfRecipient({ args }: AgeStanza): boolean {
  return args[0] !== STANZA_TYPE;
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  let bytes = 0;
  for await (const block of source) {
    bytes += block.length;
    // It holds one key, like a line of a transmission.
    if (bytes > TRANSMISSION_LINE_BYTES_MAX) throw answerInvalid('damaged');
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

/** Faults of the envelope only; those of the source, a failed read say, stay what they are. */
function damagedOr(error: unknown): never {
  const code = codeOf(error);
  if (code === 'file-not-encrypted') throw answerInvalid('not-an-answer');
  throw code === 'file-damaged' ? answerInvalid('damaged') : error;
}
