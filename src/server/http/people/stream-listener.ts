/**
 * The calls whose bodies are files or events. A file is sent as it is made, or read as it arrives, at the pace of the
 * other end.
 *
 * Invariant: the caller and their rights are judged at the call and again while the file travels. A caller who lost the
 * right, or whose session ended, neither receives nor sends another block.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codeOf } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import { pathFields, type StreamRoute } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES, type StreamRouteName } from '#protocol/people/people-routes.ts';
import { EXPORT_BYTES_HEADER, EXPORT_KEYS_HEADER } from '#protocol/people/routes/transfers.ts';
import type { Deliver } from '../../transfer/downloads.ts';
import { importInterrupted } from '../../transfer/stage-import.ts';
import type { Log } from '../../environment/environment.ts';
import type { Feed } from '../../environment/feed.ts';
import { misread, PEOPLE, requireForm, send, whatFailed } from '../replies.ts';
import { fieldsOf, requireNoQuery } from './call-fields.ts';
import type { EventStreams } from './event-streams.ts';
import { GONE } from './call-listener.ts';
import { addCall, type Gate, type StillAllowed } from './gate.ts';
import { serverSealed } from './sealed-api.ts';
import type { StreamApi } from './stream-api.ts';

type Send = StreamApi[StreamRouteName<'download'>];
type Take = StreamApi[StreamRouteName<'upload'>];
type Watch = StreamApi[StreamRouteName<'events'>];

/** @param streams undefined for a sealed server, which has no files and events. */
export function addStreamRoutes(
  app: FastifyInstance,
  gate: Gate,
  streams: { readonly api: StreamApi; readonly events: EventStreams } | undefined,
  log: Log,
): void {
  void app.register((files, _options, done) => {
    files.removeAllContentTypeParsers();
    // The body is passed on unread, whatever its media type.
    files.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
    for (const name of Object.keys(PEOPLE_ROUTES) as StreamRouteName[]) {
      const route: StreamRoute = PEOPLE_ROUTES[name];
      if (route.stream === undefined) continue;
      addCall(files, gate, name, route, async (request, reply, allow, stillAllowed) => {
        if (streams === undefined) throw refusedUnread(request, reply);
        const asked = requireForm(PEOPLE, route.request, fieldsOfStream(route, request));
        const caller = await allow(asked as object);
        const { api, events } = streams;
        if (route.stream === 'events') {
          const feed = (api[name] as Watch)(caller, asked as never);
          return answerEvents(request, reply, events, caller, feed, stillAllowed);
        }
        if (route.stream === 'download')
          return answerDownload(log, reply, route.mediaType, stillAllowed, (deliver) =>
            (api[name] as Send)(caller, asked as never, deliver),
          );
        return answerUpload(request, reply, stillAllowed, (file, gone) =>
          (api[name] as Take)(caller, asked as never, file, gone),
        );
      });
    }
    done();
  });
}

function fieldsOfStream(route: StreamRoute, request: FastifyRequest): unknown {
  if (route.stream !== 'upload') return fieldsOf(route, request);
  requireNoQuery(request);
  const params = request.params as Readonly<Record<string, unknown>>;
  return Object.fromEntries(pathFields(route.path).map((name) => [name, params[name]]));
}

function refusedUnread(request: FastifyRequest, reply: FastifyReply): Error {
  request.raw.resume();
  leaveClosing(reply);
  return serverSealed();
}

/** With this status a browser that received everything does not reconnect. */
const NOTHING_MORE = 204;
/** Ours are shorter, so a longer one is not ours. */
const EVENT_ID_LENGTH_MAX = 64;

function answerEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  events: EventStreams,
  caller: Caller,
  feed: Feed,
  stillAllowed: StillAllowed,
): FastifyReply {
  const last = request.headers['last-event-id'];
  const after = typeof last === 'string' ? last.slice(0, EVENT_ID_LENGTH_MAX) : undefined;
  if (feed.isOver && after !== undefined && feed.since(after, caller).length === 0)
    return reply.code(NOTHING_MORE).headers(PEOPLE.headers).send();
  events.requireRoom(caller);
  reply.hijack();
  events.open(reply.raw, caller, feed, after, stillAllowed);
  return reply;
}

/**
 * Sends a file as it is made. The answer ends when `make` is done, and breaks off if `make` fails: the log says why.
 */
async function answerDownload(
  log: Log,
  reply: FastifyReply,
  mediaType: string,
  stillAllowed: StillAllowed,
  make: (deliver: Deliver) => Promise<void>,
): Promise<FastifyReply> {
  const { raw } = reply;
  try {
    await make(async ({ id, what, keys, bytesExpected, bytes }) => {
      reply.hijack();
      raw.writeHead(200, {
        ...PEOPLE.headers,
        'content-type': mediaType,
        'content-disposition': `attachment; filename="keystair-${what}-${id}.age"`,
        [EXPORT_KEYS_HEADER]: keys,
        [EXPORT_BYTES_HEADER]: bytesExpected,
      });
      await writeAll(raw, bytes, stillAllowed);
    });
    raw.end();
  } catch (error) {
    if (!raw.headersSent) throw error;
    if (!raw.destroyed) {
      const because = whatFailed(error);
      log.error(
        { event: 'answer-broken-off', code: codeOf(error), because },
        'a file could not be completed',
      );
    }
    raw.destroy();
  }
  return reply;
}

/** Writes at the pace of the other end, and throws if it disconnected. Unlike a pipeline, it leaves the answer open. */
async function writeAll(
  raw: ServerResponse,
  bytes: AsyncIterable<Uint8Array>,
  stillAllowed: StillAllowed,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(GONE);
  raw.once('close', onClose);
  try {
    for await (const block of bytes) {
      if (gone.signal.aborted || raw.destroyed) throw new Error('the other end disconnected');
      await stillAllowed();
      if (!raw.write(block)) await once(raw, 'drain', { signal: gone.signal });
    }
  } finally {
    raw.off('close', onClose);
  }
}

async function answerUpload(
  request: FastifyRequest,
  reply: FastifyReply,
  stillAllowed: StillAllowed,
  take: (file: AsyncIterable<Uint8Array>, gone: AbortSignal) => Promise<unknown>,
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(GONE));
  try {
    const answer = await take(bodyOf(request, gone.signal, stillAllowed), gone.signal);
    return send(reply, PEOPLE, 200, 'application/json', answer);
  } catch (error) {
    // Reads and drops the rest of the body, so that the answer arrives.
    request.raw.resume();
    leaveClosing(reply);
    throw error;
  }
}

/**
 * Lets the client that sends a file close the connection: if we closed it, data still arriving would destroy the
 * answer.
 */
function leaveClosing(reply: FastifyReply): void {
  void reply.header('connection', 'keep-alive');
}

/** A refused file must be answered on the same connection, so ending the iteration does not close it. */
async function* bodyOf(
  request: FastifyRequest,
  gone: AbortSignal,
  stillAllowed: StillAllowed,
): AsyncGenerator<Uint8Array, void, undefined> {
  const body = request.body;
  if (!(body instanceof Readable)) throw misread(PEOPLE, 'the request contains no file');
  try {
    for await (const block of body.iterator({ destroyOnReturn: false })) {
      await stillAllowed();
      yield block as Uint8Array;
    }
  } catch (error) {
    throw gone.aborted || request.raw.destroyed ? importInterrupted() : error;
  }
}
