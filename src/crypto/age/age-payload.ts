/**
 * The payload of an age v1 file: the STREAM construction over ChaCha20-Poly1305 in chunks of 64 KiB
 * (https://age-encryption.org/v1, section "Payload").
 *
 * Invariant: no part of a chunk is passed on before its tag is verified, and only a chunk marked as the last one proves
 * the end. We do this ourselves instead of with typage: node:crypto is some ten times faster. Both directions hold one
 * chunk and the current block of their source, and ask for the next only when asked themselves. Blocks of the source
 * are used in place, so a source must not reuse one after it yielded it.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { assert, KeystairError } from '#domain/errors.ts';
import { fileDamaged } from '#domain/file-damaged.ts';

const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
export const PAYLOAD_NONCE_BYTES = 16;
const CIPHER = 'chacha20-poly1305';
/** The counter has 11 bytes; six of them already count 16 EiB. */
const COUNTER_MAX = 2 ** 48 - 1;

export type Bytes = AsyncGenerator<Uint8Array, void, undefined>;

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** 11 bytes of big-endian counter, then 1 for the last chunk and 0 for all others. */
function chunkNonce(counter: number, last: boolean): Buffer {
  assert(counter <= COUNTER_MAX, 'a payload has fewer than 2^48 chunks');
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/**
 * Cuts a source into pieces of exactly `size` bytes, the last one shorter or equal, and marks the last. An empty source
 * is one empty last piece. To know which piece is last, one is kept until the next byte or the end comes.
 */
async function* cut(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly piece: Uint8Array; readonly last: boolean }, void, undefined> {
  let kept: Uint8Array | undefined;
  let partial: Uint8Array[] = [];
  let partialBytes = 0;
  for await (const block of source) {
    let at = 0;
    while (at < block.length) {
      const taken = block.subarray(at, at + size - partialBytes);
      at += taken.length;
      if (kept !== undefined) {
        yield { piece: kept, last: false };
        kept = undefined;
      }
      partial.push(taken);
      partialBytes += taken.length;
      if (partialBytes === size) {
        kept = partial.length === 1 ? taken : Buffer.concat(partial);
        partial = [];
        partialBytes = 0;
      }
    }
    // A source of tiny blocks must not keep every one of them alive.
    if (partial.length > 64) partial = [Buffer.concat(partial)];
  }
  yield { piece: kept ?? Buffer.concat(partial), last: true };
}

/** Yields the nonce, then the encrypted chunks. `nonce` is fresh for each file. */
export async function* encryptPayload(
  fileKey: Uint8Array,
  nonce: Uint8Array,
  plaintext: AsyncIterable<Uint8Array>,
): Bytes {
  const key = payloadKey(fileKey, nonce);
  try {
    yield nonce;
    let counter = 0;
    for await (const { piece, last } of cut(plaintext, CHUNK_BYTES)) {
      const cipher = createCipheriv(CIPHER, key, chunkNonce(counter, last), { authTagLength: TAG_BYTES });
      yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
      counter += 1;
    }
  } finally {
    key.fill(0);
  }
}

/** The chunk's plaintext, or undefined where the tag does not fit. */
function openChunk(key: Uint8Array, counter: number, last: boolean, piece: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(counter, last), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(piece.subarray(-TAG_BYTES));
  const plaintext = decipher.update(piece.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

/** Why the chunk does not open: if it opens with the other flag, the file was cut off or added to. */
function whyDamaged(key: Uint8Array, counter: number, last: boolean, piece: Uint8Array): KeystairError {
  if (openChunk(key, counter, !last, piece) === undefined) {
    const how = last ? 'damaged or truncated' : 'damaged';
    return fileDamaged(
      `the file is ${how} in chunk ${counter + 1}, after ${counter * CHUNK_BYTES} bytes of content`,
    );
  }
  return last
    ? fileDamaged(`the file is truncated after ${(counter + 1) * CHUNK_BYTES} bytes of content`)
    : fileDamaged('the file has data after the end of its encrypted content');
}

/** Yields verified plaintext. Throws `file-damaged` after the last good chunk. */
export async function* decryptPayload(fileKey: Uint8Array, payload: AsyncIterable<Uint8Array>): Bytes {
  const blocks = payload[Symbol.asyncIterator]();
  const { nonce, rest } = await readNonce(blocks);
  const key = payloadKey(fileKey, nonce);
  try {
    let counter = 0;
    for await (const { piece, last } of cut(rest, CHUNK_BYTES + TAG_BYTES)) {
      if (piece.length < TAG_BYTES) throw fileDamaged('the file is truncated');
      const plaintext = openChunk(key, counter, last, piece);
      if (plaintext === undefined) throw whyDamaged(key, counter, last, piece);
      // An empty last chunk has one meaning, an empty file; elsewhere it would be a second spelling of the same
      // content.
      if (plaintext.length === 0 && counter > 0) throw fileDamaged('the file ends with an empty chunk');
      if (plaintext.length > 0) yield plaintext;
      counter += 1;
    }
  } finally {
    key.fill(0);
  }
}

async function readNonce(
  blocks: AsyncIterator<Uint8Array>,
): Promise<{ nonce: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < PAYLOAD_NONCE_BYTES) {
    const next = await blocks.next();
    if (next.done === true) throw fileDamaged('the file is truncated right after its header');
    start = start.length === 0 ? next.value : Buffer.concat([start, next.value]);
  }
  const first = start.subarray(PAYLOAD_NONCE_BYTES);
  const rest = (async function* (): Bytes {
    yield first;
    for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) yield next.value;
  })();
  return { nonce: start.subarray(0, PAYLOAD_NONCE_BYTES), rest };
}
