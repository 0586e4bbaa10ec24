/** What the tests of whole files share: keys, streams in memory, and the two ways through. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { decryptFile, type UnwrapFileKey } from '#agent/files/decrypt-file.ts';
import { encryptFile } from '#agent/files/encrypt-file.ts';
import type { StandardStreams } from '#agent/files/file-streams.ts';
import { makeAgeIdentity, unwrapFileKey } from '#crypto/age-identity.ts';
import { KeystairError } from '#domain/errors.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export const path = temporaryFolder('files');
export const CHUNK = 64 * 1024;

export const keyId = randomUUID();
export const claim = Uint8Array.from(randomBytes(16));
export const hybrid = await makeAgeIdentity('age-mlkem768x25519');
export const x25519 = await makeAgeIdentity('age-x25519');

/** A sink that keeps what it got. */
export function sink(): { stream: Writable; bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

export function streams(
  stdin: Uint8Array = new Uint8Array(0),
  stdout: Writable = sink().stream,
): StandardStreams {
  return { stdin: Readable.from([stdin].filter((bytes) => bytes.length > 0)), stdout };
}

export function unwrapWith(identity: KeyMaterial): UnwrapFileKey {
  return async (stanzas) => {
    const fileKey = await unwrapFileKey(identity, stanzas);
    if (fileKey === null) throw new KeystairError('key-unavailable', 'not for this identity');
    return fileKey;
  };
}

export const job = { streams: streams(), random: (bytes: number) => Uint8Array.from(randomBytes(bytes)) };

export async function encrypted(plaintext: Uint8Array, recipient = x25519.recipient): Promise<Buffer> {
  const out = sink();
  const recipients = [recipient];
  await encryptFile({
    ...job,
    input: '-',
    output: '-',
    streams: streams(plaintext, out.stream),
    recipients,
    keyId,
    claim,
  });
  return out.bytes();
}

export async function decrypted(file: Uint8Array, identity = x25519.identity): Promise<Buffer> {
  const out = sink();
  const opened = {
    ...job,
    input: '-',
    output: '-',
    streams: streams(file, out.stream),
    unwrap: unwrapWith(identity),
  };
  assert.deepEqual(await decryptFile(opened), { keyId });
  return out.bytes();
}

/** Decrypts to a path, where a failure must leave nothing. */
export async function refused(
  file: Uint8Array,
  unwrap = unwrapWith(x25519.identity),
): Promise<KeystairError> {
  const folder = temporaryPath();
  writeFileSync(`${folder}.age`, file);
  try {
    await decryptFile({ ...job, input: `${folder}.age`, output: folder, unwrap });
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.ok(!leftovers(folder).some((name) => name.includes('partial')));
    assert.throws(() => statSync(folder), { code: 'ENOENT' });
    return error;
  }
  return assert.fail('accepted');
}

export function temporaryPath(): string {
  return path(randomUUID());
}

export function leftovers(output: string): string[] {
  return readdirSync(dirname(output)).filter((name) => name.startsWith('.'));
}
