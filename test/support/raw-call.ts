/**
 * Calls byte by byte, for what no client of HTTP would send: over TLS to the listener for machines, over the socket of a
 * data directory to the one for people.
 */
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { TlsCredentials } from '#transport/tls-context.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export async function toMachines(listen: string, credentials?: TlsCredentials): Promise<Socket> {
  const [host, port] = listen.split(':');
  const socket = connectTls({
    host: host!,
    port: Number(port),
    rejectUnauthorized: false,
    cert: credentials?.certificatePem,
    key: credentials?.privateKeyPem,
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

export async function toPeople(dataDirectory: string): Promise<Socket> {
  const socket = connectSocket(join(dataDirectory, 'keystair.sock'));
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** Sends, and takes one answer; undefined where the connection ends without a whole one. */
export async function rawCall(socket: Socket, bytes: string | Uint8Array): Promise<RawAnswer | undefined> {
  let heard = Buffer.alloc(0);
  const answered = new Promise<RawAnswer | undefined>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      const answer = answerIn(heard.toString('latin1'));
      if (answer !== undefined) resolve(answer);
    });
    socket.on('close', () => resolve(undefined));
  });
  socket.write(bytes);
  try {
    return await answered;
  } finally {
    socket.destroy();
  }
}

function answerIn(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const status = Number(first!.split(' ')[1]);
  // `100 Continue` is not the answer.
  if (status < 200) return answerIn(text.slice(end + 4));
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const length = Number(headers.get('content-length') ?? 0);
  const body = text.slice(end + 4);
  return body.length < length ? undefined : { status, headers, body: body.slice(0, length) };
}
