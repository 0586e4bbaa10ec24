/**
 * Encrypts and decrypts files for a person. The device's own identity opens its own files. Its server opens another
 * device's file by unwrapping that one file's key.
 */
import { unwrapFileKey } from '#crypto/age-identity.ts';
import { claimToText } from '#domain/claim.ts';
import { cannotOpen } from '#domain/file-damaged.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { keyUnavailable } from '#domain/lookup.ts';
import { noteOpened } from './custody.ts';
import { currentFileIdentity } from './file-identity.ts';
import { decryptFile } from './files/decrypt-file.ts';
import { encryptFile, type FileJob } from './files/encrypt-file.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';

export interface EncryptFileRequest extends FileJob {
  /** Undefined: as the policy says. */
  readonly algorithm: AgeAlgorithm | undefined;
  readonly newIdentity: boolean;
}

export async function encryptFileForDevice(
  ports: AgentPorts,
  request: EncryptFileRequest,
): Promise<{ key: string }> {
  const { algorithm, newIdentity, ...job } = request;
  const { keyId, claim, recipient } = await currentFileIdentity(ports, algorithm, newIdentity);
  await encryptFile({ ...job, recipients: [recipient], keyId, claim });
  return { key: keyId };
}

export async function decryptFileForDevice(ports: AgentPorts, job: FileJob): Promise<{ key: string }> {
  const { keyId } = await decryptFile({
    ...job,
    unwrap: (stanzas, id, claim) => unwrap(ports, stanzas, id, claim),
  });
  return { key: keyId };
}

async function unwrap(
  ports: AgentPorts,
  stanzas: readonly AgeStanza[],
  keyId: string,
  claim: Uint8Array,
): Promise<Uint8Array> {
  const own = ports.state.key(keyId);
  if (own?.kind === 'file' && own.material !== null) {
    const fileKey = await unwrapFileKey(own.material, stanzas);
    if (fileKey !== null) return fileKey;
    throw cannotOpen(keyId);
  }
  const { server } = ports.state.requireMembership();
  const answer = await withServer(ports, (calls) =>
    calls.call('unwrap', {
      id: keyId,
      claim: claimToText(claim),
      stanzas: stanzas.map(({ args, body }) => ({
        args: [...args],
        body: Buffer.from(body).toString('base64'),
      })),
    }),
  );
  if (answer.outcome === 'not-found') throw keyUnavailable(keyId, answer);
  noteOpened(ports, server.id, { id: keyId, kind: 'file', claim: claimToText(claim) });
  return new Uint8Array(Buffer.from(answer.fileKey, 'base64'));
}
