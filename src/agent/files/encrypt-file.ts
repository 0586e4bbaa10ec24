/**
 * Encrypts one file for the device's own recipient, with the stanza that says which key opens it.
 *
 * The caller has the key in custody before it calls: nothing is encrypted under a key that only this device knows.
 */
import { Encrypter, Stanza } from 'age-encryption';
import { assert, KeystairError } from '#domain/errors.ts';
import { encodeFileStanza } from '#domain/file-stanza.ts';
import { encryptPayload, PAYLOAD_NONCE_BYTES, type Bytes } from './age-payload.ts';
import { checkOutput, openInput, type StandardStreams, writeOutput } from './file-streams.ts';

const TAG_BYTES = 16;

/** The two kinds of recipient a device has: hybrid and X25519. */
const RECIPIENT = /^age1(pq1)?[02-9ac-hj-np-z]+$/;

/** What encrypting and decrypting a file have in common. */
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

/**
 * A header for a fresh file key, made by typage: it encrypts an empty file, for which the header is the same as for
 * any other, and one recipient of ours adds our stanza and is shown the file key. Nonce and tag of the empty payload
 * are cut off.
 */
async function makeHeader(job: EncryptFileJob): Promise<{ header: Uint8Array; fileKey: Uint8Array }> {
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  encrypter.addRecipient({
    wrapFileKey: (shown: Uint8Array) => {
      fileKey = shown.slice();
      return [new Stanza(encodeFileStanza(job), new Uint8Array(0))];
    },
  });
  assert(job.recipients.length > 0, 'a file is encrypted for somebody');
  for (const recipient of job.recipients) {
    try {
      if (!RECIPIENT.test(recipient)) throw new Error('not one of the two kinds');
      encrypter.addRecipient(recipient);
    } catch {
      throw new KeystairError('invalid-argument', 'a recipient is neither age1pq1… nor age1…', {
        nextStep: "use the recipient of one of the device's file keys",
      });
    }
  }
  const empty = await encrypter.encrypt(new Uint8Array(0));
  assert(fileKey !== undefined, 'typage shows the file key to every recipient');
  return { header: empty.subarray(0, empty.length - PAYLOAD_NONCE_BYTES - TAG_BYTES), fileKey };
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
    const { header, fileKey } = await makeHeader(job);
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
