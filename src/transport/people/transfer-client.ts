/**
 * The client of the streaming calls: an export or a backup arrives as bytes, an import leaves as bytes, at the pace of
 * the slower end. Invariant: the bytes of a file end without an error only where the server ended its answer, which
 * says that they are whole.
 */
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { overSocket, request as httpRequest } from '../built-in-http.ts';
import { faultWords, formed } from '#protocol/forms.ts';
import { notRunning, type SocketAddress } from './people-client.ts';
import { errorFromProblem } from '#protocol/problem.ts';
import { documentOf, documentsOf } from './read-answer.ts';
import {
  type BackupRequest,
  EXPORT_BYTES_HEADER,
  EXPORT_KEYS_HEADER,
  type ExportRequest,
  IMPORT_MEDIA_TYPE,
  ImportLine,
  type ImportReport,
  type ImportRequest,
  TRANSFER_ROUTES,
} from '#protocol/people/transfer-routes.ts';

export interface ExportAnswer {
  readonly keys: number;
  /** An approximate number of bytes. */
  readonly bytesExpected: number;
  readonly bytes: AsyncGenerator<Uint8Array, void, undefined>;
}

export interface TransferClient {
  readonly exportKeys: (request: ExportRequest, signal: AbortSignal) => Promise<ExportAnswer>;
  readonly backup: (request: BackupRequest, signal: AbortSignal) => Promise<ExportAnswer>;
  /** Calls `onRecorded` from the moment the import is confirmed. */
  readonly importKeys: (
    request: ImportRequest,
    file: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    onRecorded: (recorded: number, of: number) => void,
  ) => Promise<ImportReport>;
}

export function createTransferClient(address: SocketAddress): TransferClient {
  return {
    exportKeys: (request, signal) => fetchFile(address, 'exportKeys', 'export', request, signal),
    backup: (request, signal) => fetchFile(address, 'backup', 'backup', request, signal),
    importKeys: async (request, file, signal, onRecorded) => {
      // A server that answers before it has read the whole body and then closes may lose its own answer. So it is asked
      // to leave the closing to us.
      const headers = { 'content-type': IMPORT_MEDIA_TYPE, connection: 'keep-alive' };
      const call = begin(address, 'importKeys', signal, headers);
      const answered = new AbortController();
      const sending = send(call, request, file, answered.signal);
      let connected = false;
      call.once('socket', (socket) => socket.once('connect', () => (connected = true)));
      // The whole file has been sent: the import may be confirmed, and its answer lost.
      const lost = (failure: KeystairError): KeystairError =>
        connected && call.writableEnded ? inDoubt(failure) : failure;
      try {
        const answer = await answerOf(address, call, signal, nothingImported, lost);
        return await reportOf(answer, onRecorded);
      } finally {
        answered.abort();
        await sending;
        call.destroy();
      }
    },
  };
}

async function fetchFile(
  address: SocketAddress,
  name: 'exportKeys' | 'backup',
  what: string,
  request: object,
  signal: AbortSignal,
): Promise<ExportAnswer> {
  const call = begin(address, name, signal, { 'content-type': 'application/json' });
  call.end(JSON.stringify(request));
  const answer = await answerOf(address, call, signal, () => nothingWritten(what));
  return {
    keys: Number(answer.headers[EXPORT_KEYS_HEADER]),
    bytesExpected: Number(answer.headers[EXPORT_BYTES_HEADER]),
    bytes: wholeBytes(answer, what, signal),
  };
}

function begin(
  { socketPath }: SocketAddress,
  name: keyof typeof TRANSFER_ROUTES,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): ClientRequest {
  const { method, path } = TRANSFER_ROUTES[name];
  return httpRequest({ ...overSocket(socketPath), method, path, headers, signal });
}

/** The answer whose body was asked for; throws a refusal. */
async function answerOf(
  address: SocketAddress,
  call: ClientRequest,
  signal: AbortSignal,
  interrupted: () => KeystairError,
  lost = (failure: KeystairError): KeystairError => failure,
): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve);
    call.on('error', (cause: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(lost(interrupted()));
      else reject(cause instanceof SourceFailure ? cause.cause : lost(notRunning(address, cause)));
    });
  });
  if (answer.statusCode === 200) return answer;
  throw errorFromProblem(answer.statusCode ?? 0, await documentOf(answer));
}

async function* wholeBytes(
  answer: IncomingMessage,
  what: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const block of answer) yield block as Uint8Array;
  } catch (cause) {
    throw signal.aborted ? nothingWritten(what) : brokeOff(what, cause);
  }
}

/** The file could not be read: the server is not to blame. */
class SourceFailure extends Error {}

async function* readable(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* file;
  } catch (cause) {
    throw new SourceFailure('the file could not be read', { cause });
  }
}

/** Ends early where the answer has come already. A file that cannot be read fails the call with the reason. */
async function send(
  call: ClientRequest,
  request: ImportRequest,
  file: AsyncIterable<Uint8Array>,
  answered: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  answered.addEventListener('abort', () => stop.abort());
  call.once('close', () => stop.abort());
  const blocks = readable(file);
  // A promise of its own for each block: raced against one that lasts as long as the file, each would be kept with its
  // block, and the file with them.
  let giveUp = (): void => {};
  stop.signal.addEventListener('abort', () => giveUp());
  const nextUnlessStopped = (): Promise<IteratorResult<Uint8Array, void> | undefined> =>
    new Promise((resolve, reject) => {
      giveUp = () => resolve(undefined);
      blocks.next().then(resolve, reject);
    });
  try {
    call.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      // A source that stalls, a pipe for instance, must not withhold the answer from the caller.
      const next = await nextUnlessStopped();
      if (next === undefined || stop.signal.aborted) return;
      if (next.done === true) break;
      if (!call.write(next.value)) await once(call, 'drain', { signal: stop.signal });
    }
    call.end();
  } catch (error) {
    if (!stop.signal.aborted) call.destroy(error as Error);
  }
}

async function reportOf(
  answer: IncomingMessage,
  onRecorded: (recorded: number, of: number) => void,
): Promise<ImportReport> {
  try {
    for await (const document of documentsOf(answer)) {
      const line = formed(ImportLine, document);
      if (!line.ok) throw new Error(faultWords(line.fault, 'a line of the answer'));
      if ('report' in line.value) return line.value.report;
      if ('problem' in line.value) throw errorFromProblem(200, line.value.problem);
      onRecorded(line.value.recorded, line.value.of);
    }
  } catch (cause) {
    if (cause instanceof KeystairError) throw cause;
    throw confirmedAlready(cause);
  }
  throw confirmedAlready(undefined);
}

function nothingWritten(what: string): KeystairError {
  return new KeystairError('interrupted', `stopped before the ${what} was whole`, {
    nextStep: 'no file was left; run the command again',
  });
}

function nothingImported(): KeystairError {
  return new KeystairError('interrupted', 'the command was stopped before the import was confirmed', {
    nextStep: 'nothing was imported; run the command again',
  });
}

function inDoubt({ code, cause }: KeystairError): KeystairError {
  const who = code === 'interrupted' ? 'the command' : 'the server';
  return new KeystairError(code, `${who} stopped before it was known whether the import is confirmed`, {
    nextStep: 'run the command again while the server runs: what is in already stays as it is',
    cause,
  });
}

function brokeOff(what: string, cause: unknown): KeystairError {
  return new KeystairError('interrupted', `the server broke the ${what} off`, {
    nextStep: step('make-file-again'),
    cause,
  });
}

function confirmedAlready(cause: unknown): KeystairError {
  return new KeystairError(
    'interrupted',
    'the file was whole and the import is confirmed, but not waited for',
    {
      nextStep: 'nothing is to be done: the server carries it to its end, after a restart too',
      cause,
    },
  );
}
