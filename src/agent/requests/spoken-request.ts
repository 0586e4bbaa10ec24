/**
 * The key of a drive over the telephone: a request in blocks that one person reads out and another types, and an answer
 * that comes back the same way.
 *
 * Invariants: as for requests in files, the secret is durable before the request is shown, and forgotten when its answer
 * has served. An answer opens only for the drive as its header describes it.
 */
import { makeHpkeKeyPair } from '#crypto/hpke.ts';
import { openSpokenAnswer, readSpokenAnswer } from '#crypto/spoken-answer.ts';
import { claimToText } from '#domain/claim.ts';
import { answerInvalid } from '#domain/key-request.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { SpokenKeyRequest, TestedDrive } from '#protocol/agent-program.ts';
import { encodeSpokenRequest, spokenRecipient, spokenRequestId } from '#protocol/spoken-request.ts';
import { requireAdoptable } from '../drives/check-drive-against-key.ts';
import { openDrive } from '../drives/drive-target.ts';
import type { DriveToken } from '../drives/drive-token.ts';
import type { Luks2Header } from '../drives/luks2/luks2-header.ts';
import { mapDrive, requireMapperName } from '../drives/map-drive.ts';
import { proveOpenDrive } from '../drives/open-drive.ts';
import { readOpenDrive } from '../drives/read-drive.ts';
import type { AgentPorts } from '../ports.ts';
import { heldByDrive } from './make-request.ts';
import { endRequest } from './use-answer.ts';

/** Throws what `openDrive` and `readOpenDrive` throw, `drive-no-token`, `not-found`. */
export async function spokenRequestForDevice(
  ports: AgentPorts,
  { path, key: wanted }: { readonly path: string; readonly key: string | undefined },
): Promise<SpokenKeyRequest> {
  const { id: device } = ports.state.requireDevice();
  ports.state.requireMembership();
  const drive = await openDrive(path);
  try {
    const { key, claim } = await heldByDrive(drive, wanted);
    const { secret, point } = makeHpkeKeyPair();
    const request = { key, claim, recipient: spokenRecipient(point), device };
    const id = spokenRequestId(request);
    const made = new Date(ports.clock()).toISOString();
    ports.state.putRequest({ id, key, identity: new KeyMaterial(secret) }, made);
    return { key, blocks: encodeSpokenRequest(request) };
  } finally {
    await drive.handle.close();
  }
}

export interface SpokenAnswerJob {
  readonly blocks: string;
  readonly path: string;
  readonly name: string | undefined;
  readonly readOnly: boolean;
  readonly signal: AbortSignal;
}

/** Throws `answer-invalid`, and what `openDrive`, `proveOpenDrive` and `mapDrive` throw. */
export async function useDriveWithSpokenAnswer(
  ports: AgentPorts,
  { blocks, path, name, readOnly, signal }: SpokenAnswerJob,
): Promise<Omit<TestedDrive, 'source'>> {
  ports.state.requireDevice();
  if (name !== undefined) requireMapperName(name);
  const sealed = readSpokenAnswer(blocks);
  const drive = await openDrive(path);
  try {
    const { header, tokens } = await readOpenDrive(drive);
    const { request, token, passphrase, algorithm } = opened(ports, header, tokens, sealed);
    const key = { id: token.keyId, algorithm, locator: { luksUuid: header.uuid } };
    const job = { key, passphrase, signal };
    const { keyslot, copiesAgree } = await (name === undefined
      ? proveOpenDrive(drive, job)
      : mapDrive(drive, { ...job, name, readOnly }));
    endRequest(ports, { id: request, key: token.keyId }, 'volume', claimToText(token.claim));
    return { key: token.keyId, keyslot, copiesAgree };
  } finally {
    await drive.handle.close();
  }
}

interface Opened {
  readonly request: string;
  readonly token: DriveToken;
  readonly passphrase: KeyMaterial;
  readonly algorithm: string;
}

/** The answer does not say which request it is for: each that this device made for a key of the drive is tried. */
function opened(
  ports: AgentPorts,
  header: Luks2Header,
  tokens: readonly DriveToken[],
  sealed: Uint8Array,
): Opened {
  const algorithm = requireAdoptable(header);
  let [made, waiting] = [0, 0];
  for (const token of tokens) {
    const drive = { key: token.keyId, luksUuid: header.uuid, algorithm };
    for (const { id, identity } of ports.state.requestsFor(token.keyId)) {
      made += 1;
      if (identity === null) continue;
      waiting += 1;
      const passphrase = openSpokenAnswer(identity, drive, sealed);
      if (passphrase !== undefined) return { request: id, token, passphrase, algorithm };
    }
  }
  if (made === 0) throw answerInvalid('unknown-request');
  throw answerInvalid(waiting === 0 ? 'used' : 'other-data');
}
