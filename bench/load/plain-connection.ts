/**
 * HTTP/1.1 over mutual TLS with as little as can be: the request is bytes made before the clock runs, and of the
 * answer only status and length are read. Node's own client costs as much as the server it is to load.
 *
 * Speaks to our own processes on this machine only: it verifies nobody.
 */
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { type TlsCredentials, tlsContextOptions } from '#transport/tls-context.ts';
import { parseAddress } from '#transport/address.ts';

export interface PlainConnection {
  /** Sends one request; at most one is under way. Resolves with the whole answer, head and body. */
  exchange(request: Buffer): Promise<string>;
  close(): void;
}

export function requestBytes(path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: keystair\r\ncontent-type: application/json\r\n${PROTOCOL_HEADER}: ${PROTOCOL_VERSION}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export function getBytes(host: string, path: string, apiKey: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: application/json\r\nauthorization: Bearer ${apiKey}\r\n\r\n`,
  );
}

export function contextOf(credentials: TlsCredentials): SecureContext {
  return createSecureContext(tlsContextOptions(credentials));
}

export async function openPlainConnection(address: string, context: SecureContext): Promise<PlainConnection> {
  const { host, port } = parseAddress(address);
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const dialled = connect(
      { host, port, secureContext: context, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] },
      () => {
        dialled.off('error', reject);
        resolve(dialled);
      },
    );
    dialled.once('error', reject);
  });
  socket.setNoDelay(true);
  let received = '';
  let waiting: { resolve: (answer: string) => void; reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    received = received === '' ? chunk.toString('latin1') : received + chunk.toString('latin1');
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0 || received.length < headEnd + 4 + lengthIn(received, headEnd)) return;
    const answer = received;
    received = '';
    const done = waiting;
    waiting = undefined;
    done?.resolve(answer);
  });
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

const LENGTH = 'content-length: ';

function lengthIn(answer: string, headEnd: number): number {
  const at = answer.indexOf(LENGTH);
  if (at < 0 || at > headEnd) throw new Error('an answer without a length');
  return Number.parseInt(answer.slice(at + LENGTH.length, answer.indexOf('\r\n', at)), 10);
}
