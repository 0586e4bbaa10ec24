/**
 * The streaming calls of the people's API (src/protocol/people/transfer-routes.ts describes them): exports and backups
 * are sent as they are made, an import is read as it arrives, both at the pace of the other end.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { IMPORT_REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { problemOf } from '#protocol/problem.ts';
import {
  BackupRequest,
  EXPORT_BYTES_HEADER,
  EXPORT_KEYS_HEADER,
  EXPORT_MEDIA_TYPE,
  ExportRequest,
  IMPORT_MEDIA_TYPE,
  type ImportLine,
  ImportRequest,
  LINES_MEDIA_TYPE,
  TRANSFER_ROUTES,
} from '#protocol/people/transfer-routes.ts';
import type { Backups } from '../../backup/backups.ts';
import type { FileUnderWay } from '../../transfer/file-under-way.ts';
import { importInterrupted } from '../../transfer/stage-import.ts';
import type { Transfers } from '../../transfer/transfers.ts';
import { requireNoQuery, fieldsOf, parseBody } from './call-fields.ts';
import type { Log } from '../../environment/environment.ts';
import { requireForm, misread, PEOPLE, whatFailed } from '../replies.ts';
import { addCall, type Allow, type Gate } from './gate.ts';

const LINE_FEED = 0x0a;

export interface StreamPorts {
  readonly transfers: Transfers;
  readonly backups: Backups;
  readonly log: Log;
}

export function addTransferRoutes(
  app: FastifyInstance,
  gate: Gate,
  { transfers, backups, log }: StreamPorts,
): void {
  // The body is passed on unread.
  app.addContentTypeParser(IMPORT_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
  const { exportKeys, importKeys, backup } = TRANSFER_ROUTES;
  addCall(app, gate, 'exportKeys', exportKeys, async (request, reply, allow) => {
    const asked = requireForm(PEOPLE, ExportRequest, fieldsOf(exportKeys, request));
    const caller = await allow(asked);
    return answerStream(log, reply, (deliver) => transfers.exportKeys(caller, asked, deliver));
  });
  addCall(app, gate, 'importKeys', importKeys, (request, reply, allow) =>
    answerImport(transfers, request, reply, allow),
  );
  addCall(app, gate, 'backup', backup, async (request, reply, allow) => {
    const asked = requireForm(PEOPLE, BackupRequest, fieldsOf(backup, request));
    const caller = await allow(asked);
    return answerStream(log, reply, (deliver) => backups.write(caller, asked, deliver));
  });
}

/**
 * Sends a file as it is made. The answer ends when `make` is done, and breaks off if `make` fails: the log says why.
 */
async function answerStream(
  log: Log,
  reply: FastifyReply,
  make: (deliver: (file: FileUnderWay) => Promise<void>) => Promise<unknown>,
): Promise<FastifyReply> {
  const { raw } = reply;
  try {
    await make(async ({ keys, bytesExpected, bytes }) => {
      reply.hijack();
      raw.writeHead(200, {
        'content-type': EXPORT_MEDIA_TYPE,
        [EXPORT_KEYS_HEADER]: keys,
        [EXPORT_BYTES_HEADER]: bytesExpected,
      });
      await writeAll(raw, bytes);
    });
    raw.end();
  } catch (error) {
    if (!raw.headersSent) throw error;
    if (!raw.destroyed) {
      const because = whatFailed(error);
      log.error(
        { event: 'answer-broken-off', code: codeOf(error), because },
        'a file could not be made whole',
      );
    }
    raw.destroy();
  }
  return reply;
}

/**
 * Writes at the pace of the other end, and throws if that end has gone. Unlike a pipeline it leaves the answer open.
 */
async function writeAll(raw: ServerResponse, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  raw.once('close', onClose);
  try {
    for await (const block of bytes) {
      if (gone.signal.aborted || raw.destroyed) throw new Error('the other end has gone');
      if (!raw.write(block)) await once(raw, 'drain', { signal: gone.signal });
    }
  } finally {
    raw.off('close', onClose);
  }
}

async function answerImport(
  transfers: Transfers,
  request: FastifyRequest,
  reply: FastifyReply,
  allow: Allow,
): Promise<FastifyReply> {
  const { raw } = reply;
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  requireNoQuery(request);
  const say = (line: ImportLine): void => void raw.write(`${JSON.stringify(line)}\n`);
  try {
    const { head, file } = await splitBody(bodyOf(request, gone.signal));
    const report = await transfers.importKeys(await allow(head), head, file, {
      signal: gone.signal,
      onConfirmed: () => {
        reply.hijack();
        raw.writeHead(200, { 'content-type': LINES_MEDIA_TYPE });
        // Sent before the first key is recorded: a client that then loses the connection knows that nothing has to be
        // done.
        raw.flushHeaders();
      },
      // A caller that does not read gets no progress lines: it loses nothing, and nothing piles up.
      onRecorded: (recorded, of) => raw.writableNeedDrain || say({ recorded, of }),
    });
    if (!raw.headersSent) {
      reply.hijack();
      raw.writeHead(200, { 'content-type': LINES_MEDIA_TYPE });
    }
    say({ report });
    raw.end();
  } catch (error) {
    // The rest of the body is read and dropped, so that the answer arrives.
    request.raw.resume();
    leaveClosing(reply);
    if (!raw.headersSent) throw error;
    say({ problem: problemOf(error) });
    raw.end();
  }
  return reply;
}

/** Leaves the closing to the client that sends a file: if we closed, data on its way would destroy the answer. */
export function leaveClosing(reply: FastifyReply): void {
  if (!reply.raw.headersSent) void reply.header('connection', 'keep-alive');
}

/** A failed import must be answered on the same connection, so stopping to read does not close it. */
async function* bodyOf(
  request: FastifyRequest,
  gone: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const body = request.body;
  if (!(body instanceof Readable)) throw misread(PEOPLE, `an import travels as ${IMPORT_MEDIA_TYPE}`);
  try {
    for await (const block of body.iterator({ destroyOnReturn: false })) yield block as Uint8Array;
  } catch (error) {
    throw gone.aborted || request.raw.destroyed ? importInterrupted() : error;
  }
}

/** Splits the body into the line of JSON at the front and the file behind it. */
async function splitBody(
  body: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<{ head: ImportRequest; file: AsyncGenerator<Uint8Array, void, undefined> }> {
  let begun = Buffer.alloc(0);
  for (;;) {
    const feed = begun.indexOf(LINE_FEED);
    if (feed >= 0) {
      const head = requireForm(PEOPLE, ImportRequest, parseBody(begun.subarray(0, feed).toString('utf8')));
      const first = begun.subarray(feed + 1);
      return { head, file: behind(first, body) };
    }
    if (begun.length > IMPORT_REQUEST_BYTES_MAX) throw noHead();
    const next = await body.next();
    if (next.done === true) throw noHead();
    begun = Buffer.concat([begun, next.value]);
  }
}

async function* behind(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  yield* rest;
}

function noHead(): KeystairError {
  return new KeystairError('invalid-argument', 'the body does not begin with a line of JSON', {
    nextStep: 'see docs/EXPORT_FORMAT.md for how an import is sent',
  });
}
