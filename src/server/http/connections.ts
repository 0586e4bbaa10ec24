/**
 * Watches the connections of a listener: how many requests of one are in hand, how long an answer may stay unread, and
 * how input that is no request is answered.
 *
 * Invariant: a connection has one call under way and at most one more, which waits until the answer was taken. A peer
 * that sends and never reads therefore costs one answer and one request.
 */
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { KeystairError } from '#domain/errors.ts';
import { LINGER_BYTES_MAX, LINGER_MS, REQUEST_HEAD_BYTES_MAX } from '#domain/listener-limits.ts';
import { answerProblem, type Audience, failureOf, misread, rawProblem } from './replies.ts';

/** For a watched server: what its parser refuses, and what it leaves for us to refuse in our own words. */
export const WATCHED: Pick<ServerOptions, 'maxHeaderSize' | 'requireHostHeader'> = {
  maxHeaderSize: REQUEST_HEAD_BYTES_MAX,
  requireHostHeader: false,
};

/** Why a connection was ended without an answer. */
export type EndedBecause = 'requests-at-once' | 'answer-unread';

export interface ConnectionRules {
  readonly audience: Audience;
  /** If nothing of an answer was taken for this long, the answer ends with its connection. */
  readonly unreadMs: number;
  readonly onEnded: (socket: Socket, because: EndedBecause) => void;
}

/**
 * @param server made with `WATCHED`.
 * @param begin is called for one request of a connection at a time.
 */
export function watchConnections(server: Server, begin: RequestListener, rules: ConnectionRules): void {
  const { audience, unreadMs, onEnded } = rules;
  const connections = new WeakMap<Socket, Connection>();
  /** With the bytes that had been read by then. */
  const refused = new WeakMap<Socket, number>();

  const end = (socket: Socket, because: EndedBecause): void => {
    // Requests that were read together with the refused one still arrive.
    if (socket.destroyed) return;
    socket.destroy();
    onEnded(socket, because);
  };
  const start = (request: IncomingMessage, response: ServerResponse): void => {
    const failure = refusalOf(request, audience);
    if (failure === undefined) {
      begin(request, response);
      return;
    }
    // What of its body arrives until the connection ends is dropped, not kept for a reader.
    request.resume();
    answerProblem(response, audience, failure);
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    let connection = connections.get(socket);
    if (connection === undefined) {
      connection = new Connection(socket, start);
      connections.set(socket, connection);
    }
    if (!connection.take(request, response)) end(socket, 'requests-at-once');
  };
  const refuse = (socket: Socket, failure: KeystairError): void => {
    refused.set(socket, socket.bytesRead);
    socket.on('error', () => undefined);
    socket.end(rawProblem(audience, failure));
    // If the connection closed at once, what the peer still sends could destroy the answer on its way.
    lingerAtMost(socket);
  };

  server.on('request', take);
  server.on('checkExpectation', take);
  server.on('connect', ({ socket }) =>
    refuse(socket, new KeystairError('not-found', 'this server is not a proxy')),
  );
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    // The parser fails again on everything that follows.
    const readBefore = refused.get(socket);
    if (readBefore !== undefined) {
      if (socket.bytesRead - readBefore > LINGER_BYTES_MAX) socket.destroy();
      return;
    }
    const failure = failureOf(audience, error);
    const answerable = connections.get(socket)?.awaitsRequest ?? true;
    if (failure !== undefined && answerable && socket.writable) refuse(socket, failure);
    else socket.destroy();
  });
  // The socket's own timer, which restarts with each byte that arrives or is taken.
  server.setTimeout(unreadMs, (socket) => {
    if (connections.get(socket)?.isBusy !== true) socket.destroy();
    else if (socket.writableLength > 0) end(socket, 'answer-unread');
    // Otherwise the call is still working. Its answer restarts the timer.
  });
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

class Connection {
  readonly #socket: Socket;
  readonly #start: RequestListener;
  #current: Call | undefined;
  #waiting: Call | undefined;

  constructor(socket: Socket, start: RequestListener) {
    this.#socket = socket;
    this.#start = start;
  }

  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  /** Nothing is being answered yet, so what is said next answers what arrived last. */
  get awaitsRequest(): boolean {
    return (
      this.#current === undefined || !(this.#current.request.complete || this.#current.response.headersSent)
    );
  }

  /** False if a call is under way and another one waits. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#current === undefined) {
      this.#begin({ request, response });
      return true;
    }
    if (this.#waiting !== undefined) return false;
    this.#waiting = { request, response };
    return true;
  }

  #begin(call: Call): void {
    this.#current = call;
    call.response.on('finish', this.#onTaken);
    this.#start(call.request, call.response);
  }

  readonly #onTaken = (): void => {
    const answered = this.#current;
    this.#current = undefined;
    const next = this.#waiting;
    this.#waiting = undefined;
    if (answered !== undefined && this.#socket.writable) dropRest(this.#socket, answered.request);
    // Not if that answer was the last one here.
    if (next !== undefined && this.#socket.writable) this.#begin(next);
  };
}

function lingerAtMost(socket: Socket): NodeJS.Timeout {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  return timer;
}

/** Of a body that its call does not read, little more is taken once the call was answered. */
function dropRest(socket: Socket, request: IncomingMessage): void {
  if (request.complete) return;
  const readBefore = socket.bytesRead;
  const timer = lingerAtMost(socket);
  const look = (): void => {
    if (request.complete) {
      clearTimeout(timer);
      socket.off('data', look);
    } else if (socket.bytesRead - readBefore > LINGER_BYTES_MAX) socket.destroy();
  };
  socket.on('data', look);
}

const CONTINUE = /^100-continue$/i;

/** Refuses what the parser lets through and no call of ours has. */
function refusalOf(request: IncomingMessage, audience: Audience): KeystairError | undefined {
  const { url, headers, httpVersionMajor } = request;
  if (httpVersionMajor !== 1) return misread(audience, 'the request is not HTTP/1.1');
  if (url?.startsWith('/') !== true) return misread(audience, 'the request names no path of this server');
  if (headers.host === undefined) return misread(audience, 'the request has no Host header');
  if (headers.expect !== undefined && !CONTINUE.test(headers.expect))
    return misread(audience, 'this server does not support the Expect header');
  return undefined;
}
