/**
 * A device without a connection asks for the key of a file or drive: it writes a request for a person to carry to an
 * administrator, and keeps the identity that opens the answer.
 *
 * Invariant: the identity is durable before the file is written, so every answer that comes back finds it.
 */
import { randomUUID } from 'node:crypto';
import { makeAgeIdentity } from '#crypto/age-identity.ts';
import { readAgeHeader } from '#crypto/age/age-header.ts';
import { checkNewFile, writeWholeFile } from '#disk/whole-file.ts';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { findFileStanza, isFileStanza } from '#domain/file-stanza.ts';
import { requestCode } from '#domain/key-request.ts';
import { DRIVE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import type { MadeKeyRequest } from '#protocol/agent-program.ts';
import { KEY_REQUEST, KEY_REQUEST_VERSION, type KeyRequest } from '#protocol/people/key-request.ts';
import { type OpenDrive, openDrive, readAt } from '../drives/drive-target.ts';
import { noDriveToken } from '../drives/drive-token.ts';
import { findLuks2Header } from '../drives/luks2/luks2-header.ts';
import { readOpenDrive } from '../drives/read-drive.ts';
import { openInput, type StandardStreams } from '../files/file-streams.ts';
import type { AgentPorts } from '../ports.ts';

export interface RequestFileJob {
  /** An encrypted file, or a drive. */
  readonly path: string;
  readonly out: string;
  readonly force: boolean;
  /** Of several keys of ours on a drive, this one; the newest unless given. */
  readonly key: string | undefined;
  readonly streams: StandardStreams;
  readonly signal: AbortSignal;
}

type Held = Pick<KeyRequest, 'key' | 'claim' | 'stanzas'>;

export async function requestFileForDevice(ports: AgentPorts, job: RequestFileJob): Promise<MadeKeyRequest> {
  const { id: deviceId, name } = ports.state.requireDevice();
  const { server } = ports.state.requireMembership();
  await checkNewFile(job.out, job.force);
  const held = await heldBy(job);
  // Stock tools never see it, and it must not be opened by a later machine: post-quantum.
  const { identity, recipient } = await makeAgeIdentity('age-mlkem768x25519');
  const id = randomUUID();
  const request: KeyRequest = {
    keystair: KEY_REQUEST,
    version: KEY_REQUEST_VERSION,
    ...held,
    request: id,
    device: { id: deviceId, name },
    server: { id: server.id, name: server.name },
    recipient,
  };
  ports.state.putRequest({ id, key: held.key, identity }, new Date(ports.clock()).toISOString());
  const { out: path, force, signal } = job;
  await writeWholeFile({ path, force, signal, random: ports.random }, inLines(request));
  return { key: held.key, code: requestCode({ id, key: held.key, recipient }) };
}

/** Indented, so that whoever carries it can read what it asks for. */
async function* inLines(request: KeyRequest): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(`${JSON.stringify(request, null, 2)}\n`);
}

async function heldBy(job: RequestFileJob): Promise<Held> {
  const drive = await openDrive(job.path);
  try {
    return (await isDrive(drive)) ? await heldByDrive(drive, job.key) : await heldByFile(job);
  } finally {
    await drive.handle.close();
  }
}

/** A file that begins with a drive's header is the image of one. */
async function isDrive({ target, handle }: OpenDrive): Promise<boolean> {
  if (target.kind === 'block-device') return true;
  return findLuks2Header(await readAt(handle, 0, DRIVE_HEADER_BYTES_MAX)) !== undefined;
}

/** Of a drive alone: key id and claim in its header. Throws `not-found` where it does not name the wanted key. */
export async function heldByDrive(
  drive: OpenDrive,
  wanted: string | undefined,
): Promise<Pick<Held, 'claim' | 'key'>> {
  const { header, tokens } = await readOpenDrive(drive);
  const [newest] = tokens;
  if (newest === undefined) throw noDriveToken(drive.target.path, header.uuid);
  const named = wanted === undefined ? newest : tokens.find(({ keyId }) => keyId === wanted);
  if (named === undefined)
    throw notNamed(
      drive.target.path,
      wanted,
      tokens.map(({ keyId }) => keyId),
    );
  return { key: named.keyId, claim: claimToText(named.claim) };
}

async function heldByFile({ path, key, streams, signal }: RequestFileJob): Promise<Held> {
  const input = await openInput(path, streams, signal);
  try {
    const { header } = await readAgeHeader(input.bytes);
    const { keyId, claim } = findFileStanza(header.stanzas);
    if (key !== undefined && key !== keyId) throw notNamed(path, key, [keyId]);
    const others = header.stanzas.filter((stanza) => !isFileStanza(stanza));
    return {
      key: keyId,
      claim: claimToText(claim),
      stanzas: others.map(({ args, body }) => ({
        args: [...args],
        body: Buffer.from(body).toString('base64'),
      })),
    };
  } finally {
    await input.close();
  }
}

function notNamed(path: string, wanted: string | undefined, named: readonly string[]): KeystairError {
  return new KeystairError('not-found', `${path} does not name the key ${wanted}`, {
    nextStep: `it names ${named.join(', ')}`,
    details: { keys: named },
  });
}
