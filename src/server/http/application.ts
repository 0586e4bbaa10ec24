/**
 * How both listeners use the framework: the same parser of bodies, the same bounds, and one way for every failure to
 * become a problem document.
 *
 * Invariant: no body is read for a path that does not exist or for a call that was refused; the connection ends with
 * the answer.
 */
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { JsonBounds } from '#domain/bounded-json.ts';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { REQUEST_JSON } from '#domain/json-bounds.ts';
import { REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '#protocol/problem.ts';
import type { Log } from '../environment/environment.ts';
import { BodyRoom, type HoldBody } from './body-room.ts';
import { readBody } from './read-body.ts';
import { type Audience, failureOf, isOdd, send, whatFailed } from './replies.ts';

function notUsed(): never {
  throw new Error('broken invariant: no route has a JSON schema');
}

/**
 * For an application whose routes have no JSON schemas: zod checks ours. Without this, Fastify loads two schema
 * compilers for every application, a tenth of a server's start.
 */
const NO_SCHEMAS = { compilersFactory: { buildValidator: notUsed, buildSerializer: notUsed } };

export interface ApplicationOptions {
  readonly audience: Audience;
  readonly log: Log;
  /** Parses the text of a JSON body. Throws if it is not JSON. */
  readonly parse: (text: string) => unknown;
  /** What a call accepts, if not what most do. Its length is the `bodyLimit` of its route. */
  readonly boundsOf?: (request: FastifyRequest) => JsonBounds;
  /** Whose bodies share one part of the room for all; the connection's own unless given. */
  readonly holderOf?: (socket: Socket) => object;
  readonly noSuchCall: () => KeystairError;
  /** Notes a request that was refused for its form, or for where it comes from. */
  readonly noteOdd?: ((request: FastifyRequest, code: ErrorCode) => void) | undefined;
  /** Answers a request for nothing that is here, before its body is read; undefined if it gets the problem. May throw. */
  readonly answerNone?:
    | ((request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined)
    | undefined;
  /** Used if the application must close a server of its own: the handler is to be called for each of its requests. */
  readonly serve?: (handler: RequestListener) => Server;
}

export function createApplication(options: ApplicationOptions): FastifyInstance {
  const { audience, log, parse, boundsOf, holderOf, noSuchCall, noteOdd, answerNone, serve } = options;
  const answerFailure = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = failureOf(audience, error);
    const problem = problemOf(failure ?? error);
    if (problem.status >= 500) {
      const route = request.routeOptions.url ?? 'none';
      const because = whatFailed(failure ?? error);
      log.error({ event: 'call-failed', route, code: problem.code, because }, 'a call failed');
    }
    if (failure !== undefined && isOdd(failure)) noteOdd?.(request, failure.code);
    if (!request.raw.complete) {
      // The connection ends with the answer. What of the body arrives until then is dropped, not kept for a reader.
      request.raw.resume();
      if (!reply.hasHeader('connection')) void reply.header('connection', 'close');
    }
    return send(reply, audience, problem.status, PROBLEM_MEDIA_TYPE, problem);
  };
  const app = fastify({
    ...(serve === undefined ? {} : { serverFactory: serve }),
    bodyLimit: REQUEST_BYTES_MAX,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => void answerFailure(error, request, reply),
    // A call that arrives while the server drains is answered like any other, and its connection is closed.
    return503OnClosing: false,
    schemaController: NO_SCHEMAS,
    // Faults of a connection are answered where connections are watched.
    clientErrorHandler: () => undefined,
  }) as unknown as FastifyInstance;
  app.removeAllContentTypeParsers();
  const room = new BodyRoom();
  const holds = new WeakMap<FastifyRequest, HoldBody>();
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { socket } = request.raw;
    holds.set(request, room.begin(holderOf?.(socket) ?? socket, reply.raw));
    done(null, payload);
  });
  app.addContentTypeParser('application/json', async (request: FastifyRequest, body: IncomingMessage) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    const bounds = { ...(boundsOf?.(request) ?? REQUEST_JSON), length: request.routeOptions.bodyLimit };
    return parse(await readBody(body, announced, { audience, bounds, hold: holds.get(request)! }));
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    void reply.header('connection', 'close');
    try {
      if (answerNone?.(request, reply) === undefined) done(noSuchCall());
    } catch (error) {
      done(error as Error);
    }
  });
  app.setNotFoundHandler(() => {
    throw noSuchCall();
  });
  app.setErrorHandler(answerFailure);
  return app;
}
