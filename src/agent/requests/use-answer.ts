/**
 * Uses the answer to a request that this device made without a connection: once, for the file or drive that was asked
 * for.
 *
 * Invariant: what opens the answer is forgotten when it has served, and not before: a full disk costs no second journey.
 */
import { readKeyAnswer, type SealedKeyAnswer } from '#crypto/key-answer.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { claimToText } from '#domain/claim.ts';
import { codeOf } from '#domain/errors.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import { answerInvalid } from '#domain/key-request.ts';
import type { TestedDrive } from '#protocol/agent-program.ts';
import { formed } from '#protocol/forms.ts';
import { KeyAnswer } from '#protocol/key-answer.ts';
import { keyFromWire } from '#protocol/wire-key.ts';
import { noteOpened } from '../custody.ts';
import { openDrive } from '../drives/drive-target.ts';
import { mapDrive, requireMapperName } from '../drives/map-drive.ts';
import { proveOpenDrive } from '../drives/open-drive.ts';
import { readOpenDrive } from '../drives/read-drive.ts';
import { decryptFile } from '../files/decrypt-file.ts';
import type { FileJob } from '../files/encrypt-file.ts';
import { openInput, type StandardStreams } from '../files/file-streams.ts';
import type { AgentPorts } from '../ports.ts';
import type { MadeRequest } from '../state.ts';

interface Opened {
  readonly request: MadeRequest;
  readonly content: KeyAnswer;
}

/** Throws `answer-invalid`, and what `decryptFile` throws. */
export async function decryptFileWithAnswer(
  ports: AgentPorts,
  answer: string,
  job: FileJob,
): Promise<{ readonly key: string }> {
  const { request, content } = await openAnswer(ports, answer, job.streams);
  if (content.opens !== 'file' || content.key !== request.key) throw answerInvalid('other-data');
  let claimed = '';
  try {
    await decryptFile({
      ...job,
      unwrap: async (_stanzas, keyId, claim) => {
        if (keyId !== content.key) throw answerInvalid('other-data');
        claimed = claimToText(claim);
        return Buffer.from(content.fileKey, 'base64');
      },
    });
  } catch (error) {
    throw isOfAnotherFile(error) ? answerInvalid('other-data') : error;
  }
  endRequest(ports, request, 'file', claimed);
  return { key: content.key };
}

/** Another file of the same device and month names the same key. */
function isOfAnotherFile(error: unknown): boolean {
  return codeOf(error) === 'file-damaged' && (error as { details?: object }).details !== undefined;
}

export interface AnsweredDrive {
  readonly answer: string;
  readonly path: string;
  /** Under which the drive is opened; without one it is only proved that it opens. */
  readonly name: string | undefined;
  readonly readOnly: boolean;
  readonly streams: StandardStreams;
  readonly signal: AbortSignal;
}

/** Throws `answer-invalid`, and what `openDrive`, `proveOpenDrive` and `mapDrive` throw. */
export async function useDriveWithAnswer(
  ports: AgentPorts,
  { answer, path, name, readOnly, streams, signal }: AnsweredDrive,
): Promise<Omit<TestedDrive, 'source'>> {
  if (name !== undefined) requireMapperName(name);
  const drive = await openDrive(path);
  try {
    const { tokens } = await readOpenDrive(drive);
    const { request, content } = await openAnswer(ports, answer, streams);
    if (content.opens !== 'drive') throw answerInvalid('other-data');
    const { complete } = keyFromWire(content.complete);
    const { id } = complete.key;
    const token = tokens.find(({ keyId }) => keyId === id);
    if (id !== request.key || token === undefined) throw answerInvalid('other-data');
    const job = { key: complete.key, passphrase: complete.material, signal };
    const { keyslot, copiesAgree } = await (name === undefined
      ? proveOpenDrive(drive, job)
      : mapDrive(drive, { ...job, name, readOnly }));
    endRequest(ports, request, 'volume', claimToText(token.claim));
    return { key: id, keyslot, copiesAgree };
  } finally {
    await drive.handle.close();
  }
}

async function openAnswer(ports: AgentPorts, path: string, streams: StandardStreams): Promise<Opened> {
  ports.state.requireDevice();
  const input = await openInput(path, streams);
  try {
    const sealed = await readKeyAnswer(input.bytes);
    const request = ports.state.request(sealed.request);
    if (request === undefined) throw answerInvalid('unknown-request', { request: sealed.request });
    return { request, content: await contentOf(sealed, request) };
  } finally {
    await input.close();
  }
}

async function contentOf(sealed: SealedKeyAnswer, { id, identity }: MadeRequest): Promise<KeyAnswer> {
  if (identity === null) throw answerInvalid('used', { request: id });
  const text = Buffer.from(await sealed.open(identity)).toString('utf8');
  let value: unknown;
  try {
    value = parseJson(text, KEY_JSON);
  } catch {
    throw answerInvalid('damaged');
  }
  const read = formed(KeyAnswer, value);
  if (!read.ok) throw answerInvalid('damaged');
  return read.value;
}

/** It has served: this device needs the key from now on, and forgets what opened the answer. */
export function endRequest(
  ports: AgentPorts,
  { id, key }: Pick<MadeRequest, 'id' | 'key'>,
  kind: 'file' | 'volume',
  claim: string,
): void {
  const { server } = ports.state.requireMembership();
  // When it changes server, the new one must have this key too.
  noteOpened(ports, server.id, { id: key, kind, claim });
  ports.state.endRequest(id, new Date(ports.clock()).toISOString());
}
