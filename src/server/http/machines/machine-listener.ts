/**
 * The listener for machines: HTTP over mutual TLS. It mounts exactly the routes of the table, bounds what a stranger
 * may send, and turns failures into problem documents.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { JsonBounds } from '#domain/bounded-json.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { TRANSMISSION_BYTES_MAX, TRANSMISSION_MS_MAX } from '#domain/limits.ts';
import {
  CONNECTIONS_MAX,
  HEADERS_MS_MAX,
  MEMBER_CONNECTIONS_MAX,
  REQUEST_MS_MAX,
  UNREAD_MS_MAX,
} from '#domain/listener-limits.ts';
import { JSON_LINES_MEDIA_TYPE } from '#protocol/machine-calls.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { checkProtocolVersion, PROTOCOL_HEADER } from '#protocol/version.ts';
import { machineTlsOptions, peerOf } from '#transport/machine-listener.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import type { TrustedAuthority } from '#transport/trusted-authority.ts';
import type { Clock, Log } from '../../environment/environment.ts';
import { createApplication } from '../application.ts';
import { WATCHED, watchConnections } from '../connections.ts';
import { endBodyAfter } from '../end-body.ts';
import { Newcomers } from '../newcomers.ts';
import { requireForm, requireJson, MACHINES, misread, sendText, whatFailed } from '../replies.ts';
import type { MachineApi } from './machine-api.ts';
import { MemberConnections } from './member-connections.ts';

/** How long a connection without a call is kept; agents and secondaries keep theirs between calls. */
const KEEP_ALIVE_MS = 75_000;

/** By path. */
const BOUNDS = new Map<string, JsonBounds>(
  Object.values(MACHINE_ROUTES).map(({ path, bounds }) => [path, bounds]),
);

export interface MachineListenerOptions {
  readonly api: MachineApi;
  readonly credentials: TlsCredentials;
  readonly authorities: readonly TrustedAuthority[];
  readonly clock: Clock;
  readonly log: Log;
  readonly times?: MachineTimes;
  /** How many connections it keeps. */
  readonly connectionsMax?: number | undefined;
}

export interface MachineTimes {
  /** How long the body of a request may take to arrive. */
  readonly requestMs: number;
  /** How long the body of a transmission may take. */
  readonly transmissionMs: number;
  /** How long an answer may stay unread before it is ended. */
  readonly unreadMs: number;
}

const TIMES: MachineTimes = {
  requestMs: REQUEST_MS_MAX,
  transmissionMs: TRANSMISSION_MS_MAX,
  unreadMs: UNREAD_MS_MAX,
};

export function createMachineListener(options: MachineListenerOptions): {
  app: FastifyInstance;
  server: Server;
} {
  const { api, authorities, clock, log, times = TIMES, connectionsMax = CONNECTIONS_MAX } = options;
  const server = createServer({
    ...machineTlsOptions(options.credentials),
    requestTimeout: TRANSMISSION_MS_MAX,
    headersTimeout: HEADERS_MS_MAX,
    connectionsCheckingInterval: HEADERS_MS_MAX / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...WATCHED,
  });
  server.maxConnections = connectionsMax;
  const members = new MemberConnections();
  const peer = (socket: Socket): PeerIdentity => peerOf(socket as TLSSocket, authorities, clock());
  const noteEnded = (caller: PeerIdentity, because: string): void => {
    api.connectionEnded(caller, because).catch((error: unknown) => {
      log.error({ event: 'not-noted', because: whatFailed(error) }, 'a refusal could not be recorded');
    });
  };
  const newcomers = new Newcomers(server, () => noteEnded({ kind: 'none' }, 'too-many-strangers'));
  const app = createApplication({
    audience: MACHINES,
    log,
    // Parsed by its handler, within the bounds of the route.
    parse: (text) => text,
    boundsOf: ({ routeOptions: { url } }) => BOUNDS.get(url!)!,
    holderOf: (socket) => members.holderOf(socket),
    noSuchCall: () =>
      new KeystairError('not-found', 'there is no such call', {
        nextStep: MACHINES.misreadStep,
      }),
    serve: (handler) => {
      watchConnections(server, handler, {
        audience: MACHINES,
        unreadMs: times.unreadMs,
        onEnded: (socket, because) => noteEnded(peer(socket), because),
      });
      return server;
    },
  });
  // The handler reads the body of a batch piece by piece.
  app.addContentTypeParser(JSON_LINES_MEDIA_TYPE, (_request, payload, done) => done(null, payload));

  for (const name of Object.keys(MACHINE_ROUTES) as MachineRouteName[]) mount(name);

  function mount(name: MachineRouteName): void {
    const route = MACHINE_ROUTES[name];
    const inLines = route.request === 'json-lines';
    const admitted = new WeakMap<FastifyRequest, Awaited<ReturnType<MachineApi['admit']>>>();
    app.route({
      method: 'POST',
      url: route.path,
      bodyLimit: route.bounds.length,
      // Before the body is read: a stranger's body is never read.
      onRequest: async ({ raw, headers }, reply) => {
        requireNoBrowser(headers);
        checkProtocolVersion(headers[PROTOCOL_HEADER], 'caller');
        if (inLines) requireTransmissionLength(headers);
        else requireAnnouncedLength(headers);
        endBodyAfter(raw, inLines ? times.transmissionMs : times.requestMs);
        const caller = peer(raw.socket);
        try {
          const mayCall = (): void => requireRoom(members, raw.socket, caller);
          const admission = await api.admit(name, caller, mayCall);
          if (admission.as === 'member') newcomers.know(raw.socket);
          admitted.set(reply.request, admission);
        } catch (error) {
          // A caller that is no member, or has too many connections, does not keep this one.
          if (codeOf(error) === 'not-a-member' || caller.kind !== 'member') closeAfter(reply);
          throw error;
        }
      },
      handler: async (request, reply) => {
        const caller = admitted.get(request);
        if (caller === undefined) throw new Error('a call was not admitted');
        const { raw } = request;
        const body = requireRequest(name, request.body);
        const answer = await api.run(name, caller, body, () => raw.destroy());
        const text = JSON.stringify(answer);
        if (!members.answer(raw.socket, reply.raw, text.length)) {
          noteEnded(peer(raw.socket), 'answers-unread');
          raw.socket.destroy();
        }
        return sendText(reply, MACHINES, 200, 'application/json', text);
      },
    });
  }
  return { app, server };
}

function closeAfter(reply: FastifyReply): void {
  void reply.header('connection', 'close');
}

/** None of our machines sends these. A browser would, for a page that knows of a certificate installed in it. */
function requireNoBrowser(headers: IncomingHttpHeaders): void {
  if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) return;
  throw new KeystairError('not-allowed', 'this address is for devices and servers, not for web browsers', {
    nextStep: 'use the console',
  });
}

/** So that a body of any other call is too large before a byte of it is read. */
function requireAnnouncedLength(headers: IncomingHttpHeaders): void {
  if (headers['transfer-encoding'] === undefined) return;
  throw misread(MACHINES, 'the request does not say how long its body is (content-length)');
}

function requireTransmissionLength(headers: IncomingHttpHeaders): void {
  if (Number(headers['content-length'] ?? 0) <= TRANSMISSION_BYTES_MAX) return;
  throw new KeystairError(
    'request-too-large',
    `a transmission has more than ${TRANSMISSION_BYTES_MAX} bytes`,
    {
      nextStep: 'send smaller batches; compare the versions of both servers',
    },
  );
}

function requireRoom(members: MemberConnections, socket: Socket, caller: PeerIdentity): void {
  if (caller.kind !== 'member' || members.admit(socket, caller.memberId)) return;
  throw new KeystairError(
    'later',
    `the caller already has ${MEMBER_CONNECTIONS_MAX} connections to this server`,
    {
      nextStep: 'close some of them; if none are in use, wait a minute',
    },
  );
}

function requireRequest(name: MachineRouteName, body: unknown): unknown {
  const { request, bounds } = MACHINE_ROUTES[name];
  if (request === 'json-lines') return requireStream(body);
  if (body instanceof Readable) throw misread(MACHINES, 'the call does not accept a body of this media type');
  const text = typeof body === 'string' ? body : '';
  return requireForm<z.ZodType>(MACHINES, request, requireJson(MACHINES, text, bounds));
}

function requireStream(body: unknown): AsyncIterable<Uint8Array> {
  if (body instanceof Readable) return body;
  throw misread(MACHINES, `send a transmission as ${JSON_LINES_MEDIA_TYPE}`);
}
