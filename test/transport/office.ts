/**
 * An office to test with: an authority, its server's credentials, members, and a real listener on loopback. Its clock
 * stands years away from the machine's, so that a test fails where the machine's clock is asked.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import {
  type Authority,
  createAuthority,
  issueMemberCertificate,
  issueServerCertificate,
} from '#transport/authority.ts';
import { type KeyPair, makeKeyPair } from '#transport/key-pair.ts';
import {
  createMachineClient,
  type MachineClient,
  type MachineClientOptions,
} from '#transport/machine-client.ts';
import { machineTlsOptions, peerOf } from '#transport/machine-listener.ts';
import type { PeerIdentity } from '#transport/peer-identity.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { type TrustedAuthority, trustAuthority } from '#transport/trusted-authority.ts';

export const NOW = Date.UTC(2041, 4, 1, 12);
export const DAY_MS = 24 * 60 * 60 * 1000;

export interface Office {
  readonly serverId: string;
  readonly authority: Authority;
  readonly trusted: readonly TrustedAuthority[];
  readonly fingerprint: string;
  readonly credentials: TlsCredentials;
}

export async function openOffice(now = NOW, serverId: string = randomUUID()): Promise<Office> {
  const authority = await createAuthority({ serverId, now });
  const trusted = [trustAuthority(authority.certificatePem)];
  return {
    serverId,
    authority,
    trusted,
    fingerprint: trusted[0]!.fingerprint,
    credentials: await serverCredentials(authority, serverId, now),
  };
}

export async function serverCredentials(
  authority: Authority,
  serverId: string,
  now = NOW,
): Promise<TlsCredentials> {
  const pair = makeKeyPair();
  const request = { serverId, publicKey: pair.publicKey, addresses: ['localhost:8443', '127.0.0.1'], now };
  const leaf = await issueServerCertificate(authority, request);
  return { certificatePem: `${leaf}${authority.certificatePem}`, privateKeyPem: pair.privateKeyPem };
}

export interface Badge {
  readonly memberId: string;
  readonly pair: KeyPair;
  readonly credentials: TlsCredentials;
}

export async function makeMember(office: Pick<Office, 'authority'>, now = NOW): Promise<Badge> {
  const memberId = randomUUID();
  const pair = makeKeyPair();
  const certificatePem = await issueMemberCertificate(office.authority, {
    memberId,
    publicKey: pair.publicKey,
    now,
  });
  return { memberId, pair, credentials: { certificatePem, privateKeyPem: pair.privateKeyPem } };
}

export type Handler = (request: IncomingMessage, response: ServerResponse, peer: PeerIdentity) => void;

export interface Listening {
  readonly server: Server;
  readonly address: string;
  /** Every TLS connection that was made, in order. */
  readonly connections: TLSSocket[];
  /** Whether each of them resumed a session. A closed connection does not say any more. */
  readonly resumed: boolean[];
  /** TCP connections that were made, and that are open: a peer may go before its handshake is over. */
  readonly tcp: { made: number; open: number };
}

/** Answers with who called, unless the test brings a handler. */
export async function listen(
  test: TestContext,
  office: Office,
  options: { handler?: Handler; credentials?: TlsCredentials; now?: () => number } = {},
): Promise<Listening> {
  const handler: Handler = options.handler ?? ((_, response, peer) => response.end(JSON.stringify(peer)));
  const server = createServer(
    machineTlsOptions(options.credentials ?? office.credentials),
    (request, response) => {
      handler(
        request,
        response,
        peerOf(request.socket as TLSSocket, office.trusted, (options.now ?? (() => NOW))()),
      );
    },
  );
  // Longer than a test: a connection that closes was closed by its caller.
  server.keepAliveTimeout = 60_000;
  const connections: TLSSocket[] = [];
  const resumed: boolean[] = [];
  server.on('secureConnection', (socket) => {
    connections.push(socket);
    resumed.push(socket.isSessionReused());
    socket.on('error', () => undefined);
  });
  const tcp = { made: 0, open: 0 };
  server.on('connection', (socket: Socket) => {
    tcp.made += 1;
    tcp.open += 1;
    socket.once('close', () => {
      tcp.open -= 1;
    });
  });
  const address = await listenOnLoopback(test, server);
  return { server, address, connections, resumed, tcp };
}

/** Also closes what is still connected when the test is over. */
export async function listenOnLoopback(test: TestContext, server: NetServer): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A client of the office's server, closed when the test is over. */
export function clientOf(
  test: TestContext,
  office: Office,
  addresses: string | readonly string[],
  options: Partial<MachineClientOptions> & { credentials?: TlsCredentials } = {},
): MachineClient {
  const { credentials, ...rest } = options;
  const client = createMachineClient({
    addresses: typeof addresses === 'string' ? [addresses] : addresses,
    authority: { fingerprint: office.fingerprint },
    serverId: office.serverId,
    clientCertificate: () => credentials,
    now: () => NOW,
    ...rest,
  });
  test.after(() => client.close());
  return client;
}

/** A plain request, its answer read as JSON. */
export async function ask(
  client: MachineClient,
  more: Partial<Parameters<MachineClient['request']>[0]> = {},
) {
  const response = await client.request({ method: 'GET', path: '/', timeoutMs: 10_000, ...more });
  const body = (await response.body()).toString();
  return { response, body, peer: body.startsWith('{') ? (JSON.parse(body) as PeerIdentity) : undefined };
}

/** Waits for something that happens at the other end. Ends with the test runner's own limit, so no time is asserted. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
