/**
 * One HTTP request and its answer over a pool's connection.
 *
 * Invariant: anything that ends an exchange early (deadline, caller, closing) ends its connection in the same turn, so
 * that nothing more is sent or read after that.
 */
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { GatheredBytes } from '#domain/gathered-bytes.ts';
import { ANSWER_BYTES_MAX, INTERIM_ANSWERS_MAX } from '#domain/limits.ts';
import { request as sendRequest } from './built-in-http.ts';
import { answerTooLarge, brokenOff, onlyAnnounced, systemCodeOf } from './connection-failure.ts';
import type { ConnectionPool } from './connection-pool.ts';

export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface MachineResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The id of the server that answered; a joiner learns it here. */
  readonly serverId: string;
  /** False only where `renewalOnly` let in a server whose certificate's dates do not fit our clock. */
  readonly datesFit: boolean;
  /**
   * The whole answer. Throws `request-too-large` past the limit, having closed the connection. Read either this or
   * `stream`, to the end: an answer left unread holds its connection until the deadline.
   */
  body(maxBytes?: number): Promise<Buffer>;
  readonly stream: Readable;
}

export type ExchangeOutcome =
  | { readonly outcome: 'answered'; readonly response: MachineResponse }
  /** The server had closed the kept connection; nothing is known of the request. */
  | { readonly outcome: 'kept-connection-closed'; readonly error: Error };

export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** How failures name the server. */
  readonly server: string;
  /** Aborted with the error to end with. */
  readonly ending: AbortSignal;
  /** Called once each: when a connection is taken or dialled, and when it is free again or gone. */
  readonly onBegun: () => void;
  readonly onOver: () => void;
}

export function exchange(pool: ConnectionPool, request: ExchangeRequest): Promise<ExchangeOutcome> {
  const { server, ending, body } = request;
  return new Promise((resolve, reject) => {
    ending.throwIfAborted();
    let answer: IncomingMessage | undefined;
    const outgoing = sendRequest({
      agent: pool,
      method: request.method,
      path: request.path,
      // The name is meaningless: the connection is verified by key, and there is one server behind it.
      headers: { host: 'keystair', ...request.headers },
    });
    request.onBegun();
    const end = (): void => stop(ending.reason as Error);
    const over = (): void => {
      ending.removeEventListener('abort', end);
      request.onOver();
    };
    const stop = (error: Error): void => {
      // A kept connection that stays silent may be dead, and then so are the others kept beside it.
      if (outgoing.reusedSocket && answer === undefined) pool.closeIdle();
      // The answer first: if only the request were ended, the reader would see a clean end.
      answer?.destroy(error);
      outgoing.destroy(error);
      reject(error);
    };
    outgoing.on('error', (error) => {
      if (outgoing.reusedSocket && answer === undefined && !ending.aborted && isClosed(error)) {
        resolve({ outcome: 'kept-connection-closed', error });
      } else reject(brokenOff(server, error));
    });
    outgoing.once('close', over);
    let interim = 0;
    outgoing.on('information', () => {
      interim += 1;
      // Each costs a turn, and nothing else counts them.
      if (interim > INTERIM_ANSWERS_MAX) stop(onlyAnnounced(server));
    });
    outgoing.once('response', (incoming) => {
      answer = incoming;
      // The reader of the answer has listeners of its own; with none at all, a break would end the process.
      incoming.on('error', () => undefined);
      // An answer before the end of the request is a refusal: the rest is not sent, and the connection not kept.
      incoming.once('end', () => {
        if (!outgoing.writableEnded) outgoing.destroy();
      });
      const verified = pool.serverOf(incoming.socket);
      if (verified === undefined) {
        stop(new Error('broken invariant: an answer over a connection that was not verified'));
        return;
      }
      resolve({
        outcome: 'answered',
        response: {
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          serverId: verified.serverId,
          datesFit: verified.kind === 'trusted',
          body: (maxBytes = ANSWER_BYTES_MAX) => readAll(incoming, server, maxBytes),
          stream: incoming,
        },
      });
    });
    ending.addEventListener('abort', end, { once: true });
    if (isStreamed(body)) {
      outgoing.once('socket', () => {
        send(outgoing, body, () => answer !== undefined).catch((error: unknown) => stop(error as Error));
      });
    } else outgoing.end(body);
  });
}

/** Whether a body is produced as it is sent, and therefore cannot be sent again. */
export function isStreamed(body: RequestBody | undefined): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

/** Begins once there is a verified connection, so that a silent address never consumes what the body produces. */
async function send(
  outgoing: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  answered: () => boolean,
): Promise<void> {
  for await (const chunk of body) {
    if (outgoing.destroyed || answered()) return;
    if (!outgoing.write(chunk)) await writableAgain(outgoing);
  }
  if (!outgoing.destroyed && !answered()) outgoing.end();
}

/** Also returns when there is no point in writing any more. */
function writableAgain(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'response'];
    const done = (): void => {
      for (const event of events) outgoing.off(event, done);
      resolve();
    };
    for (const event of events) outgoing.on(event, done);
  });
}

function readAll(incoming: IncomingMessage, server: string, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (incoming.errored !== null) {
      reject(brokenOff(server, incoming.errored));
      return;
    }
    const gathered = new GatheredBytes();
    const take = (chunk: Buffer): void => {
      if (gathered.length + chunk.length > maxBytes) incoming.destroy(answerTooLarge(server, maxBytes));
      else gathered.push(chunk);
    };
    incoming.on('error', (error) => reject(brokenOff(server, error)));
    incoming.on('end', () => resolve(gathered.take()));
    if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) {
      incoming.destroy(answerTooLarge(server, maxBytes));
    } else incoming.on('data', take);
  });
}

function isClosed(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'ECONNRESET' || code === 'EPIPE';
}
