/**
 * Decrypts one file of Keystair's, whether a local identity or a server with custody of the key unwraps it.
 *
 * Invariant: the header's MAC is verified before anything of the payload is read, and each chunk before any of it is
 * passed on. At a path the content appears only once all of it was verified. On standard output each chunk leaves as
 * soon as it is verified: the output is genuine, but until the command ends with success it may be only the beginning,
 * so its reader must check the exit code.
 */
import { fileDamaged } from '#domain/file-damaged.ts';
import { type AgeStanza, type FileStanza, findFileStanza, isFileStanza } from '#domain/file-stanza.ts';
import { type AgeHeader, headerMacFits, readAgeHeader } from '#crypto/age/age-header.ts';
import { decryptPayload } from '#crypto/age/age-payload.ts';
import type { FileJob } from './encrypt-file.ts';
import { checkOutput, openInput, type StandardStreams, writeOutput } from './file-streams.ts';

/**
 * Gets the 16-byte file key, which is overwritten after use. `stanzas` are the header's stanzas except Keystair's own;
 * nothing in them is authentic yet. Throws where the key is unavailable.
 */
export type UnwrapFileKey = (
  stanzas: readonly AgeStanza[],
  keyId: string,
  claim: Uint8Array,
) => Promise<Uint8Array>;

export interface DecryptFileJob extends FileJob {
  readonly unwrap: UnwrapFileKey;
}

function openHeader(header: AgeHeader, fileKey: Uint8Array, keyId: string): void {
  if (headerMacFits(header, fileKey)) return;
  throw fileDamaged(`the file's header was altered, or does not belong to key ${keyId}`, { key: keyId });
}

/** Which key opens the file, and its claim; reads the header only. Nothing in it is authentic. */
export async function readFileStanza(path: string, streams: StandardStreams): Promise<FileStanza> {
  const input = await openInput(path, streams);
  try {
    return findFileStanza((await readAgeHeader(input.bytes)).header.stanzas);
  } finally {
    await input.close();
  }
}

/**
 * Returns the id of the key that opened it. Throws `file-not-encrypted` where Keystair did not make it, `file-damaged`
 * where anything in it was altered, and everything that `unwrap` throws.
 */
export async function decryptFile(job: DecryptFileJob): Promise<{ readonly keyId: string }> {
  const force = job.force === true;
  await checkOutput(job.output, force);
  const input = await openInput(job.input, job.streams, job.signal);
  try {
    const { header, rest } = await readAgeHeader(input.bytes);
    const { keyId, claim } = findFileStanza(header.stanzas);
    const others = header.stanzas.filter((stanza) => !isFileStanza(stanza));
    const fileKey = await job.unwrap(others, keyId, claim);
    try {
      openHeader(header, fileKey, keyId);
      const { streams, random, signal } = job;
      await writeOutput({ path: job.output, force, streams, random, signal }, decryptPayload(fileKey, rest));
    } finally {
      fileKey.fill(0);
    }
    return { keyId };
  } finally {
    await input.close();
  }
}
