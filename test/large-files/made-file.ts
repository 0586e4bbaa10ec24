/** An export file of any length, made as it is read: neither a disk nor memory holds it. */
import { createHash, type Hash, randomBytes, randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import { exportTrailerLine } from '#domain/export-file.ts';
import { HEADER, recordLine } from '../server/transfer/plain-export.ts';
import { makeSomeKey } from '../support/some-key.ts';

const KEYS_AT_ONCE = 500;
const DEVICES = 1000;
const FIRST_MS = Date.parse('2026-01-31T08:00:00.000Z');

export interface MadeFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** SHA-256 over the ids in their order, once all of it was read. */
  readonly idsDigest: () => string;
}

/** @param trailer `short` says one key too few: such a file is known to be bad at its last line only. */
export async function makeFile(
  recipient: string,
  keys: number,
  trailer: 'fits' | 'short',
): Promise<MadeFile> {
  const ids = createHash('sha256');
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  const seal = await prepareSeal({ kind: 'recipient', recipient }, { random });
  return {
    bytes: seal.seal(linesOf(keys, trailer === 'fits' ? keys : keys - 1, ids)),
    idsDigest: () => ids.digest('hex'),
  };
}

async function* linesOf(keys: number, said: number, ids: Hash): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  const digested = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    digest.update(bytes);
    return bytes;
  };
  const devices = Array.from({ length: DEVICES }, (_, at) => ({ id: randomUUID(), name: `laptop-${at}` }));
  yield digested(`${JSON.stringify(HEADER)}\n`);
  for (let made = 0; made < keys; ) {
    let lines = '';
    for (const end = Math.min(made + KEYS_AT_ONCE, keys); made < end; made += 1) {
      // A millisecond apart, so that their ids are in order, which is how an import records them.
      const createdAt = new Date(FIRST_MS + made).toISOString();
      const key = makeSomeKey({ device: devices[made % DEVICES]!, origin: HEADER.server.id, createdAt });
      ids.update(key.key.id);
      lines += `${recordLine(key)}\n`;
    }
    yield digested(lines);
    await turn();
  }
  yield Buffer.from(exportTrailerLine(said, digest.digest('hex')));
}
