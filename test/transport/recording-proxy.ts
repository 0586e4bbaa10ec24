/**
 * A TCP proxy on loopback that looks at the handshake as it passes, and can fall silent.
 */
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { listenOnLoopback } from './office.ts';

export interface Proxy {
  readonly address: string;
  /** The group each ServerHello chose (RFC 8446, 4.2.8), by its number. */
  readonly groups: (number | undefined)[];
  /** From now on nothing passes, and nobody is told: a line that was cut. */
  fallSilent(): void;
}

export async function openProxy(test: TestContext, target: string): Promise<Proxy> {
  const [host, port] = target.split(':');
  const groups: (number | undefined)[] = [];
  let silent = false;
  const server = createServer((near) => {
    const far = connect({ host: host!, port: Number(port) });
    let first = true;
    near.on('data', (bytes) => silent || far.write(bytes));
    far.on('data', (bytes: Buffer) => {
      if (first) groups.push(groupOfServerHello(bytes));
      first = false;
      if (!silent) near.write(bytes);
    });
    far.on('error', () => near.destroy());
    near.on('error', () => far.destroy());
    far.on('close', () => silent || near.destroy());
    near.on('close', () => far.destroy());
  });
  const address = await listenOnLoopback(test, server);
  return {
    address,
    groups,
    fallSilent() {
      silent = true;
    },
  };
}

const HANDSHAKE_RECORD = 22;
const SERVER_HELLO = 2;
const KEY_SHARE = 51;

/** The first record that a server sends, in clear: record header, message header, version, random, session id … */
function groupOfServerHello(bytes: Buffer): number | undefined {
  if (bytes[0] !== HANDSHAKE_RECORD || bytes[5] !== SERVER_HELLO) return undefined;
  const sessionId = 5 + 4 + 2 + 32;
  let at = sessionId + 1 + bytes[sessionId]! + 2 + 1;
  const end = at + 2 + bytes.readUInt16BE(at);
  at += 2;
  while (at < end) {
    if (bytes.readUInt16BE(at) === KEY_SHARE) return bytes.readUInt16BE(at + 4);
    at += 4 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
