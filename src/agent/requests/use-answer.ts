/**
 * Uses the answer to a request that this device made without a connection: once, for the file or drive that was asked
 * for.
 *
 * Invariant: what opens the answer is forgotten when it has served, and not before: a full disk costs no second journey.
 */
import { readKeyAnswer, type SealedKeyAnswer } from '#crypto/key-answer.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { claimToText } from '#domain/claim.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { codeOf } from '#domain/errors.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import { answerInvalid } from '#domain/key-request.ts';
import { formed } from '#protocol/forms.ts';
import { KeyAnswer } from '#protocol/key-answer.ts';
import { keyFromWire } from '#protocol/wire-key.ts';
import { noteOpened } from '../custody.ts';
import { openDrive, type OpenDrive } from '../drives/drive-target.ts';
import { proveOpenDrive, type ProvedDrive } from '../drives/open-drive.ts';
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
  end(ports, request, 'file', claimed);
  return { key: content.key };
}

/** Another file of the same device and month names the same key. */
function isOfAnotherFile(error: unknown): boolean {
  return codeOf(error) === 'file-damaged' && (error as { details?: object }).details !== undefined;
}

/**
 * Hands the drive's key to `work`, which opens the drive or proves that it opens.
 *
 * Throws `answer-invalid`, and what `openDrive` and `work` throw.
 */
export async function openDriveWithAnswer<Done>(
  ports: AgentPorts,
  job: { readonly answer: string; readonly path: string; readonly streams: StandardStreams },
  work: (drive: OpenDrive, complete: CompleteKey) => Promise<Done>,
): Promise<{ readonly key: string; readonly done: Done }> {
  const drive = await openDrive(job.path);
  try {
    const { tokens } = await readOpenDrive(drive);
    const { request, content } = await openAnswer(ports, job.answer, job.streams);
    if (content.opens !== 'drive') throw answerInvalid('other-data');
    const { complete } = keyFromWire(content.complete);
    const { id } = complete.key;
    const token = tokens.find(({ keyId }) => keyId === id);
    if (id !== request.key || token === undefined) throw answerInvalid('other-data');
    const done = await work(drive, complete);
    end(ports, request, 'volume', claimToText(token.claim));
    return { key: id, done };
  } finally {
    await drive.handle.close();
  }
}

/** For `openDriveWithAnswer`. */
export function proveWith(
  drive: OpenDrive,
  { key, material }: CompleteKey,
  signal: AbortSignal,
): Promise<ProvedDrive> {
  return proveOpenDrive(drive, { key, passphrase: material, signal });
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

function end(ports: AgentPorts, { id, key }: MadeRequest, kind: 'file' | 'volume', claim: string): void {
  const { server } = ports.state.requireMembership();
  // When it changes server, the new one must have this key too.
  noteOpened(ports, server.id, { id: key, kind, claim });
  ports.state.endRequest(id, new Date(ports.clock()).toISOString());
}
