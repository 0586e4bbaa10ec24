/**
 * Proves that a drive opens with its key as custody gives it back: what a person would be given who stands before it
 * with nothing else. Changes nothing on the drive.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { type Notice, step } from '#domain/step.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { askForKey } from '../drive-commands.ts';
import type { OpenDrive } from '../drives/drive-target.ts';
import type { DriveToken } from '../drives/drive-token.ts';
import { proveOpenDrive } from '../drives/open-drive.ts';
import type { AgentPorts } from '../ports.ts';
import type { DriveProof } from './drive-proof.ts';
import { keepProof, type ProofSubject } from './drive-proofs.ts';

export interface ProveOptions {
  readonly calls: MachineCalls;
  readonly signal: AbortSignal;
  readonly folders?: readonly string[] | undefined;
}

/**
 * Asks custody once and keeps the outcome. Throws why the key could not be had or tried at all: nothing is kept then,
 * and the next check tries again.
 */
export async function proveFromCustody(
  ports: AgentPorts,
  drive: OpenDrive,
  {
    subject,
    token,
    before,
  }: {
    readonly subject: ProofSubject;
    readonly token: DriveToken;
    readonly before: DriveProof | undefined;
  },
  { calls, signal, folders }: ProveOptions,
): Promise<DriveProof> {
  const { complete } = await askForKey(calls, token.keyId, token.claim);
  const problem = await problemOfProof(subject.path, drive, {
    key: complete.key,
    passphrase: complete.material,
    signal,
    folders,
  });
  const checkedAt = new Date(ports.clock()).toISOString();
  // An earlier proof of the same key still says when it last opened.
  const earlier = before?.key === subject.key ? before.provedAt : null;
  const proof = { ...subject, checkedAt, provedAt: problem === null ? checkedAt : earlier, problem };
  keepProof(ports.state, proof);
  return proof;
}

/** Null where it opens. Throws where that is not known. */
async function problemOfProof(
  path: string,
  drive: OpenDrive,
  job: Parameters<typeof proveOpenDrive>[1],
): Promise<Notice | null> {
  try {
    await proveOpenDrive(drive, job);
    return null;
  } catch (error) {
    if (codeOf(error) === 'drive-does-not-open') return keyslotLost(path, job.key.id, error).notice;
    if (codeOf(error) === 'drive-altered' || codeOf(error) === 'drive-data-missing')
      return (error as KeystairError).notice;
    throw error;
  }
}

/** Somebody changed or removed the keyslot of ours: the drive opens by other passphrases only. */
export function keyslotLost(path: string, keyId: string, cause?: unknown): KeystairError {
  return new KeystairError(
    'drive-does-not-open',
    `the key ${keyId} in custody no longer opens ${path}: its keyslot was changed or removed`,
    {
      nextStep: step('adopt-again', { path }),
      cause,
    },
  );
}
