/**
 * The client of the calls whose bodies are files. An export or a backup is started and then received as bytes; an
 * import is started, sent as bytes and confirmed. Each runs at the pace of the slower end. Invariants: a received file
 * ends without an error only if the server ended its answer, which means that the file is whole. If the connection is
 * lost during an import, the message claims only what is known.
 */
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { KeystairError } from '#domain/errors.ts';
import { faultWords, formed } from '#protocol/forms.ts';
import { PeopleLine } from '#protocol/people/people-answers.ts';
import { fillPath, LINES_MEDIA_TYPE } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES, type PeopleRouteName } from '#protocol/people/people-routes.ts';
import {
  type BackupRequest,
  EXPORT_BYTES_HEADER,
  EXPORT_KEYS_HEADER,
  type ExportRequest,
  ImportReport,
  type ImportRequest,
} from '#protocol/people/routes/transfers.ts';
import { errorFromProblem } from '#protocol/problem.ts';
import { createPeopleClient, type PeopleClient } from './people-client.ts';
import type { PeopleConnection } from './people-connection.ts';
import { documentOf, documentsOf } from './read-answer.ts';
import { brokeOff, confirmedAlready, inDoubt, nothingImported, nothingWritten } from './transfer-failures.ts';

export interface ExportAnswer {
  readonly keys: number;
  /** Approximate. */
  readonly bytesExpected: number;
  readonly bytes: AsyncGenerator<Uint8Array, void, undefined>;
}

export interface TransferClient {
  readonly exportKeys: (request: ExportRequest, signal: AbortSignal) => Promise<ExportAnswer>;
  readonly backup: (request: BackupRequest, signal: AbortSignal) => Promise<ExportAnswer>;
  /** Calls `onRecorded` once the import is confirmed; a dry run never is. */
  readonly importKeys: (
    request: ImportRequest & { readonly dryRun: boolean },
    file: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    onRecorded: (recorded: number, of: number) => void,
  ) => Promise<ImportReport>;
}

export function createTransferClient(connection: PeopleConnection): TransferClient {
  const client = createPeopleClient(connection);
  return {
    exportKeys: async (request, signal) => {
      const stopped = () => nothingWritten('export');
      const { id } = await unlessStopped(client, 'startExport', request, signal, stopped);
      return fetchFile(connection, 'downloadExport', id, 'export', signal);
    },
    backup: async (request, signal) => {
      const stopped = () => nothingWritten('backup');
      const { id } = await unlessStopped(client, 'startBackup', request, signal, stopped);
      return fetchFile(connection, 'downloadBackup', id, 'backup', signal);
    },
    importKeys: async ({ dryRun, ...request }, file, signal, onRecorded) => {
      const { id } = await unlessStopped(client, 'startImport', request, signal, nothingImported);
      let found: ImportReport;
      try {
        found = await bring(connection, id, file, signal);
        if (signal.aborted) throw nothingImported();
      } catch (error) {
        await cancel(client, id);
        throw error;
      }
      if (!dryRun) return confirm(connection, id, signal, onRecorded);
      await cancel(client, id);
      return found;
    },
  };
}

/** A call that starts a transfer, which the person may still cancel. */
async function unlessStopped<N extends 'startExport' | 'startBackup' | 'startImport'>(
  client: PeopleClient,
  name: N,
  request: Parameters<typeof client<N>>[1],
  signal: AbortSignal,
  stopped: () => KeystairError,
) {
  try {
    return await client(name, request, { stop: signal, onProgress: () => {} });
  } catch (error) {
    throw signal.aborted ? stopped() : error;
  }
}

/** If it cannot be cancelled, it ends by itself some minutes later, or with the server. */
async function cancel(client: PeopleClient, id: string): Promise<void> {
  await client('cancelImport', { id }).catch(() => undefined);
}

async function fetchFile(
  connection: PeopleConnection,
  name: 'downloadExport' | 'downloadBackup',
  id: string,
  what: string,
  signal: AbortSignal,
): Promise<ExportAnswer> {
  const call = begin(connection, name, id, signal);
  call.end();
  const answer = await answerOf(connection, call, signal, () => nothingWritten(what));
  return {
    keys: Number(answer.headers[EXPORT_KEYS_HEADER]),
    bytesExpected: Number(answer.headers[EXPORT_BYTES_HEADER]),
    bytes: wholeBytes(answer, what, signal),
  };
}

/** Sends the file and reports what it would bring. Until it is confirmed, a lost connection changes nothing. */
async function bring(
  connection: PeopleConnection,
  id: string,
  file: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ImportReport> {
  // If a server answers before it has read the whole body, and then closes the connection, its answer may be lost. So
  // this header asks it to leave closing to us.
  const headers = { 'content-type': PEOPLE_ROUTES.uploadImport.mediaType, connection: 'keep-alive' };
  const call = begin(connection, 'uploadImport', id, signal, headers);
  const answered = new AbortController();
  const sending = send(call, file, answered.signal);
  try {
    const answer = await answerOf(connection, call, signal, nothingImported);
    return reportIn(await documentOf(answer));
  } catch (cause) {
    if (cause instanceof KeystairError) throw cause;
    throw signal.aborted ? nothingImported() : connection.broken(cause);
  } finally {
    answered.abort();
    await sending;
    call.destroy();
  }
}

/** Confirms the import. The answer's head means that it is confirmed. */
async function confirm(
  connection: PeopleConnection,
  id: string,
  signal: AbortSignal,
  onRecorded: (recorded: number, of: number) => void,
): Promise<ImportReport> {
  const call = begin(connection, 'confirmImport', id, signal, { accept: LINES_MEDIA_TYPE });
  let connected = false;
  call.once('socket', (socket) => {
    // Over the network the socket is connected already.
    if (socket.connecting) socket.once('connect', () => (connected = true));
    else connected = true;
  });
  call.end();
  const lost = (failure: KeystairError): KeystairError => (connected ? inDoubt(failure) : failure);
  const answer = await answerOf(connection, call, signal, nothingImported, lost);
  try {
    for await (const document of documentsOf(answer)) {
      const line = formed(PeopleLine, document);
      if (!line.ok) throw new Error(faultWords(line.fault, 'a line of the answer'));
      if ('answer' in line.value) return reportIn(line.value.answer);
      if ('problem' in line.value) throw errorFromProblem(200, line.value.problem);
      onRecorded(line.value.done, line.value.of);
    }
  } catch (cause) {
    if (cause instanceof KeystairError) throw cause;
    throw confirmedAlready(cause);
  } finally {
    call.destroy();
  }
  throw confirmedAlready(undefined);
}

function reportIn(document: unknown): ImportReport {
  const report = formed(ImportReport, document);
  if (report.ok) return report.value;
  throw new KeystairError(
    'request-invalid',
    `the server's answer does not have the form of this release: ${faultWords(report.fault, 'the answer')}`,
    { nextStep: 'use the command line of the same release as the server' },
  );
}

function begin(
  connection: PeopleConnection,
  name: PeopleRouteName,
  id: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): ClientRequest {
  const { method, path } = PEOPLE_ROUTES[name];
  return connection.begin({ method, path: fillPath(path, { id }), headers, signal });
}

/** The answer with the requested body. Throws if it is a refusal. */
async function answerOf(
  connection: PeopleConnection,
  call: ClientRequest,
  signal: AbortSignal,
  interrupted: () => KeystairError,
  lost = (failure: KeystairError): KeystairError => failure,
): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve);
    call.on('error', (cause: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(lost(interrupted()));
      else reject(cause instanceof SourceFailure ? cause.cause : lost(connection.broken(cause)));
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

/** The local file could not be read; the server did not fail. */
class SourceFailure extends Error {}

async function* readable(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* file;
  } catch (cause) {
    throw new SourceFailure('the file could not be read', { cause });
  }
}

/** Sends the file. Ends early if the answer has arrived. A file that cannot be read fails the call with the reason. */
async function send(
  call: ClientRequest,
  file: AsyncIterable<Uint8Array>,
  answered: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  answered.addEventListener('abort', () => stop.abort());
  call.once('close', () => stop.abort());
  const blocks = readable(file);
  // Each block gets its own promise. Racing all blocks against one long-lived promise would keep every block in memory,
  // and so the file.
  let giveUp = (): void => {};
  stop.signal.addEventListener('abort', () => giveUp());
  const nextUnlessStopped = (): Promise<IteratorResult<Uint8Array, void> | undefined> =>
    new Promise((resolve, reject) => {
      giveUp = () => resolve(undefined);
      blocks.next().then(resolve, reject);
    });
  try {
    // The server may refuse before the first block is available.
    call.flushHeaders();
    for (;;) {
      // A stalled source, for example a pipe, must not keep the answer from the caller.
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
