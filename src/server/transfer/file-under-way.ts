/**
 * A file that is sent as it is made: an export or a backup. Invariant: its trailer holds the digest of every byte
 * before it.
 */
import { createHash } from 'node:crypto';
import type { Bytes } from '#crypto/age/age-payload.ts';

export interface FileUnderWay {
  /** The id of the export or backup in the audit log. */
  readonly id: string;
  /** Part of the name that the file is given where it arrives. */
  readonly what: 'export' | 'backup';
  readonly keys: number;
  /** An estimate, to show how long it will take. */
  readonly bytesExpected: number;
  /** The encrypted file. */
  readonly bytes: Bytes;
}

/** @param trailer makes the last line from the digest, in hexadecimal. */
export async function* withTrailer(lines: AsyncIterable<string>, trailer: (digest: string) => string): Bytes {
  const digest = createHash('sha256');
  for await (const text of lines) {
    const bytes = Buffer.from(text);
    digest.update(bytes);
    yield bytes;
  }
  yield Buffer.from(trailer(digest.digest('hex')));
}
