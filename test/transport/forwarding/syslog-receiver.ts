/**
 * A receiver of syslog over TLS, written from RFC 5425 and RFC 5424: it takes a stream apart by the frames' lengths, and
 * each message by its grammar. It throws at whatever the RFCs do not allow.
 */
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { atTheEnd } from '#test/support/at-the-end.ts';

export interface ReadMessage {
  readonly facility: number;
  readonly severity: number;
  readonly at: string;
  readonly host: string;
  readonly app: string;
  readonly name: string;
  /** Parameters by element. */
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly text: string;
}

export interface SyslogReceiver {
  readonly port: number;
  readonly server: Server;
  readonly messages: ReadMessage[];
  /** What was wrong with what came. */
  readonly faults: string[];
  readonly sockets: TLSSocket[];
  /** What it does with the next connections; reads to the end by default. */
  conduct: 'reads' | 'never reads' | 'cuts' | 'never ends';
}

export async function syslogReceiver(options: TlsOptions): Promise<SyslogReceiver> {
  const server = createServer({ ...options, allowHalfOpen: true });
  const one: SyslogReceiver = {
    port: 0,
    server,
    messages: [],
    faults: [],
    sockets: [],
    conduct: 'reads',
  };
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    const { conduct } = one;
    let left: Buffer = Buffer.alloc(0);
    one.sockets.push(socket);
    socket.on('error', () => undefined);
    if (conduct === 'never reads') {
      socket.pause();
      return;
    }
    socket.on('data', (chunk: Buffer) => {
      left = Buffer.concat([left, chunk]);
      try {
        for (let frame = nextFrame(left); frame !== undefined; frame = nextFrame(left)) {
          left = left.subarray(frame.bytes);
          one.messages.push(readMessage(frame.text));
          // In the middle of the line after this one.
          if (conduct === 'cuts') return void socket.destroy();
        }
      } catch (error) {
        one.faults.push(String(error));
        socket.destroy();
      }
    });
    socket.on('end', () => {
      if (left.length > 0) one.faults.push('the stream ended within a frame');
      if (conduct !== 'never ends') socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    for (const socket of one.sockets) socket.destroy();
    server.close();
  });
  return Object.assign(one, { port: (server.address() as AddressInfo).port });
}

/** MSG-LEN SP SYSLOG-MSG */
function nextFrame(bytes: Buffer): { readonly bytes: number; readonly text: string } | undefined {
  const space = bytes.indexOf(' ');
  if (space === -1) return undefined;
  const length = bytes.toString('latin1', 0, space);
  if (!/^[1-9][0-9]{0,9}$/.test(length)) throw new Error(`no length: ${length}`);
  const end = space + 1 + Number(length);
  return bytes.length < end ? undefined : { bytes: end, text: bytes.toString('utf8', space + 1, end) };
}

const HEADER =
  /^<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) (-|[!-~]{1,255}) (-|[!-~]{1,48}) (-|[!-~]{1,128}) (-|[!-~]{1,32}) /;
const ELEMENT = /^\[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\]/;
const PARAMETER = / ([^ =\]"]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/g;

export function readMessage(message: string): ReadMessage {
  const found = HEADER.exec(message);
  if (found === null) throw new Error(`no header: ${message.slice(0, 200)}`);
  const [header, priority, at = '', host = '', app = '', , name = ''] = found;
  const data: Record<string, Record<string, string>> = {};
  let rest = message.slice(header.length);
  for (let element = ELEMENT.exec(rest); element !== null; element = ELEMENT.exec(rest)) {
    const [whole, id, parameters] = element;
    data[id!] = Object.fromEntries(
      [...parameters!.matchAll(PARAMETER)].map(([, key, value]) => [
        key,
        value!.replaceAll(/\\(["\\\]])/g, '$1'),
      ]),
    );
    rest = rest.slice(whole.length);
  }
  if (!rest.startsWith(' ')) throw new Error(`no message after the data: ${rest.slice(0, 200)}`);
  const text = rest.slice(1);
  if (!/^[ -~]*$/.test(text)) throw new Error('a message without the mark of UTF-8 holds more than ASCII');
  const number = Number(priority);
  return { facility: number >> 3, severity: number & 7, at, host, app, name, data, text };
}
