/**
 * Encrypts one file for the device's own recipient, with the stanza that says which key opens it.
 *
 * The caller has the key in custody first: nothing is encrypted under a key that only this device knows.
 */
import { encryptPayload, PAYLOAD_NONCE_BYTES, type Bytes } from '#crypto/age/age-payload.ts';
import { makeAgeHeader } from '#crypto/age/make-age-header.ts';
import { assert } from '#domain/errors.ts';
import { encodeFileStanza } from '#domain/file-stanza.ts';
import { checkOutput, openInput, type StandardStreams, writeOutput } from './file-streams.ts';

/** What the jobs of encrypting and decrypting share. */
export interface FileJob {
  /** A path, or `-` for standard input. */
  readonly input: string;
  /** A path, or `-` for standard output. */
  readonly output: string;
  /** Replaces an existing output. */
  readonly force?: boolean;
  readonly streams: StandardStreams;
  readonly random: (bytes: number) => Uint8Array;
  readonly signal?: AbortSignal;
}

export interface EncryptFileJob extends FileJob {
  /** `age1pq1…` or `age1…`; at least one. */
  readonly recipients: readonly string[];
  readonly keyId: string;
  readonly claim: Uint8Array;
}

async function* wholeFile(header: Uint8Array, payload: Bytes): Bytes {
  yield header;
  yield* payload;
}

/** Memory stays bounded at any size. Throws `file-exists`, `not-found`, `disk-full`, `interrupted` and the like. */
export async function encryptFile(job: EncryptFileJob): Promise<void> {
  const force = job.force === true;
  await checkOutput(job.output, force);
  const input = await openInput(job.input, job.streams, job.signal);
  try {
    assert(job.recipients.length > 0, 'a file is encrypted for somebody');
    const { header, fileKey } = await makeAgeHeader(job.recipients, () => [
      { args: encodeFileStanza(job), body: new Uint8Array(0) },
    ]);
    try {
      const payload = encryptPayload(fileKey, job.random(PAYLOAD_NONCE_BYTES), input.bytes);
      const { streams, random, signal } = job;
      await writeOutput({ path: job.output, force, streams, random, signal }, wholeFile(header, payload));
    } finally {
      fileKey.fill(0);
    }
  } finally {
    await input.close();
  }
}
