/**
 * The listener for machines: HTTP over mutual TLS. Mounts exactly the routes of the table; bounds what a stranger may
 * send; turns failures into problem documents.
 */
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { z } from 'zod';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type JsonBounds, JsonOutOfBounds, parseJson } from '#domain/bounded-json.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import {
  CONNECTIONS_MAX,
  REQUEST_BYTES_MAX,
  REQUEST_MS_MAX,
  TRANSMISSION_BYTES_MAX,
  TRANSMISSION_MS_MAX,
} from '#domain/limits.ts';
import { faultWords, formed } from '#protocol/forms.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { JSON_LINES_MEDIA_TYPE } from '#protocol/machine-calls.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '#protocol/problem.ts';
import { checkProtocolVersion, PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { machineTlsOptions, peerOf } from '#transport/machine-listener.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import type { TrustedAuthority } from '#transport/trusted-authority.ts';
import type { Clock, Log } from '../../environment/environment.ts';
import type { MachineApi } from './machine-api.ts';
import { NO_SCHEMAS } from '../no-schemas.ts';

/** A caller that never finishes its headers holds a socket this long. */
const HEADERS_MS_MAX = 10_000;
/** Kept connections without a call; agents and secondaries keep them between calls. */
const KEEP_ALIVE_MS = 75_000;

export interface MachineListenerOptions {
  readonly api: MachineApi;
  readonly credentials: TlsCredentials;
  readonly authorities: readonly TrustedAuthority[];
  readonly clock: Clock;
  readonly log: Log;
  /** Within which the body of a request, and of a transmission, must have come. */
  readonly bodyMs?: { readonly request: number; readonly transmission: number };
}

export function createMachineListener(options: MachineListenerOptions): {
  app: FastifyInstance;
  server: Server;
} {
  const { api, authorities, clock, log } = options;
  const bodyMs = options.bodyMs ?? { request: REQUEST_MS_MAX, transmission: TRANSMISSION_MS_MAX };
  const server = createServer({
    ...machineTlsOptions(options.credentials),
    requestTimeout: TRANSMISSION_MS_MAX,
    headersTimeout: HEADERS_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const app = fastify({
    serverFactory: (handler) => server.on('request', handler),
    bodyLimit: REQUEST_BYTES_MAX,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    schemaController: NO_SCHEMAS,
  }) as unknown as FastifyInstance;
  app.removeAllContentTypeParsers();
  // Parsed by its handler, within the bounds of the route.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  // The body of a batch is read by its handler, piece by piece.
  app.addContentTypeParser(JSON_LINES_MEDIA_TYPE, (_request, payload, done) => done(null, payload));

  for (const name of Object.keys(MACHINE_ROUTES) as MachineRouteName[]) mount(name);

  function mount(name: MachineRouteName): void {
    const route = MACHINE_ROUTES[name];
    const admitted = new WeakMap<FastifyRequest, Awaited<ReturnType<MachineApi['admit']>>>();
    app.route({
      method: 'POST',
      url: route.path,
      bodyLimit: route.bounds.length,
      // Before the body is read: a stranger's is not.
      onRequest: async (request) => {
        checkProtocolVersion(request.headers[PROTOCOL_HEADER], 'caller');
        if (
          route.request === 'json-lines' &&
          Number(request.headers['content-length'] ?? 0) > TRANSMISSION_BYTES_MAX
        ) {
          throw new KeystairError(
            'request-too-large',
            `a transmission has more than ${TRANSMISSION_BYTES_MAX} bytes`,
            {
              nextStep: 'send smaller batches; compare the versions of both servers',
            },
          );
        }
        endBodyAfter(request.raw, route.request === 'json-lines' ? bodyMs.transmission : bodyMs.request);
        admitted.set(
          request,
          await api.admit(name, peerOf(request.raw.socket as TLSSocket, authorities, clock())),
        );
      },
      handler: async (request, reply) => {
        const caller = admitted.get(request);
        if (caller === undefined) throw new Error('a call was not admitted');
        const body =
          route.request === 'json-lines' ? demandStream(request.body) : demandForm(name, request.body);
        const answer = await api.run(name, caller, body, () => request.raw.destroy());
        return send(reply, 200, 'application/json', answer);
      },
    });
  }

  app.setNotFoundHandler((_request, reply) =>
    send(reply, 404, PROBLEM_MEDIA_TYPE, problemOf(new KeystairError('not-found', 'there is no such call'))),
  );
  app.setErrorHandler((error, request, reply) => {
    const failure = toKeystairError(error, request.raw.complete);
    const problem = problemOf(failure ?? error);
    if (problem.status >= 500) {
      log.error(
        { event: 'call-failed', route: request.url, code: codeOf(failure), because: whatFailed(error) },
        'a call failed',
      );
    }
    // What is left of the body is not read: the connection ends with the answer.
    if (!request.raw.complete) void reply.header('connection', 'close');
    return send(reply, problem.status, PROBLEM_MEDIA_TYPE, problem);
  });
  return { app, server };
}

/** A body that never ends is ended, with its connection. */
function endBodyAfter(body: IncomingMessage, ms: number): void {
  const timer = setTimeout(() => body.destroy(), ms);
  timer.unref();
  const over = (): void => clearTimeout(timer);
  body.once('end', over);
  body.once('close', over);
}

function send(reply: FastifyReply, status: number, contentType: string, document: unknown): FastifyReply {
  return reply
    .code(status)
    .header('content-type', contentType)
    .header(PROTOCOL_HEADER, String(PROTOCOL_VERSION))
    .send(JSON.stringify(document));
}

function demandForm(name: MachineRouteName, body: unknown): unknown {
  const { request, bounds } = MACHINE_ROUTES[name];
  if (request === 'json-lines') return body;
  const parsed = formed<z.ZodType>(request, demandJson(body, bounds));
  if (parsed.ok) return parsed.value;
  throw new KeystairError('request-invalid', faultWords(parsed.fault), {
    nextStep: 'compare the versions of both sides',
  });
}

function demandJson(body: unknown, bounds: JsonBounds): unknown {
  try {
    return parseJson(typeof body === 'string' ? body : '', bounds);
  } catch (cause) {
    if (!(cause instanceof JsonOutOfBounds))
      throw new KeystairError('request-invalid', 'the request is no JSON', { cause });
    throw new KeystairError('request-too-large', `the request has ${cause.message}`, {
      nextStep: 'compare the versions of both sides',
    });
  }
}

function demandStream(body: unknown): AsyncIterable<Uint8Array> {
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
    return body as AsyncIterable<Uint8Array>;
  throw new KeystairError('request-invalid', `a transmission travels as ${JSON_LINES_MEDIA_TYPE}`, {
    nextStep: 'compare the versions of both servers',
  });
}

/** Fastify's own refusals, in our codes; and what becomes of a call whose caller went away. */
function toKeystairError(error: unknown, bodyIsWhole: boolean): KeystairError | undefined {
  if (error instanceof KeystairError) return error;
  const status = (error as { statusCode?: number }).statusCode;
  if (status === 413) {
    return new KeystairError('request-too-large', 'the request has more bytes than this call takes', {
      nextStep: 'compare the versions of both sides',
    });
  }
  if (!bodyIsWhole)
    return new KeystairError('request-invalid', 'the connection broke before the request was whole');
  if (status !== undefined && status < 500) {
    return new KeystairError('request-invalid', 'the request is malformed', {
      nextStep: 'compare the versions of both sides',
    });
  }
  return undefined;
}

/** For the log: the kind of failure, and where; never a message that could carry what was sent. */
function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return error instanceof KeystairError
    ? error.sentence
    : `${error.name} ${error.stack?.split('\n')[1]?.trim() ?? ''}`;
}
