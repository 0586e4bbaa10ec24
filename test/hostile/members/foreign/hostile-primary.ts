/**
 * A primary that invites a secondary and answers it: as docs/PROTOCOL.md says, until it is told another manner.
 * What it was told of by transmissions it forgets; it only remembers the cursor.
 */
import { X509Certificate, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { authorityOf, fingerprint, leaf, makePair, privatePem } from './certificates.ts';
import { writeInvitation } from './invitation.ts';
import { type Position, START } from './record.ts';

export interface Told {
  readonly path: string;
  readonly body: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What an honest primary would answer. */
  readonly honest: Readonly<Record<string, unknown>>;
}

/** How a primary answers that means harm. */
export type Manner = (told: Told) => void | Promise<void>;

export const HEARTBEAT = '/v1/secondary/heartbeat';
export const TRANSMISSION = '/v1/secondary/transmission';
export const LOOKUP = '/v1/secondary/lookup';
const JOIN = '/v1/join';

export class HostilePrimary {
  readonly #authority = makePair();
  readonly #certificate = authorityOf(this.#authority);
  readonly #server: Server;
  readonly id = randomUUID();
  #cursor: Position = START;
  #epoch = '';
  #manner: Manner | undefined;
  #heartbeatsToo = false;
  /** Calls that came. */
  calls = 0;

  constructor() {
    const own = makePair();
    this.#server = createServer({
      key: privatePem(own),
      cert: leaf(this.#authority, 'server', { id: this.id, spki: own.spki }) + this.#certificate,
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false,
    });
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('request', (request, response) => {
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      this.#answer(request, response).catch(() => request.destroy());
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  invite(): string {
    return writeInvitation({
      kind: 'secondary',
      server: { id: this.id, name: 'hostile primary' },
      addresses: [this.address],
      authority: fingerprint(this.#authority.spki),
      secret: randomBytes(32).toString('base64url'),
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
  }

  /** @param heartbeatsToo else those are answered honestly, so that lookups and transmissions go on. */
  answer(manner: Manner | undefined, heartbeatsToo: boolean): void {
    this.#manner = manner;
    this.#heartbeatsToo = heartbeatsToo;
  }

  /** What is under way and what is kept. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    let body = '';
    for await (const block of request) body += String(block);
    const honest = this.#honest(path, body, request.socket as TLSSocket);
    this.calls += 1;
    const manner = path === JOIN || (path === HEARTBEAT && !this.#heartbeatsToo) ? undefined : this.#manner;
    if (manner === undefined) sendJson(response, JSON.stringify(honest));
    else await manner({ path, body, request, response, honest });
  }

  #honest(path: string, body: string, socket: TLSSocket): Record<string, unknown> {
    const server = { id: this.id, name: 'hostile primary' };
    const options = { useHierarchy: true, dmz: false };
    switch (path) {
      case JOIN:
      case '/v1/renew': {
        const member = path === JOIN ? (JSON.parse(body) as { id: string }).id : idOf(socket);
        const { raw } = socket.getPeerCertificate();
        const spki = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
        const certificate = leaf(this.#authority, 'client', { id: member, spki });
        return { server, certificate, authority: this.#certificate, addresses: [this.address], ...options };
      }
      case HEARTBEAT: {
        const { epoch } = JSON.parse(body) as { epoch: string };
        if (epoch !== this.#epoch) this.#cursor = START;
        this.#epoch = epoch;
        return { name: server.name, ...options, acknowledged: this.#cursor };
      }
      case TRANSMISSION: {
        const lines = body.trimEnd().split('\n');
        const { epoch, seq } = JSON.parse(lines[0]!) as { epoch: string; seq: number };
        const continues = epoch === this.#epoch && seq === this.#cursor.seq;
        if (continues) this.#cursor = (JSON.parse(lines.at(-1)!) as { end: Position }).end;
        const outcome = continues ? 'received' : 'discontinuous';
        return { outcome, acknowledged: this.#cursor, refused: [], ...options };
      }
      case LOOKUP:
        return { outcome: 'not-found', reason: 'unknown-key', at: server, asked: [server] };
      case '/v1/secondary/explain':
        return { path: [{ server, option: true, link: 'none', has: false }] };
      default:
        return {};
    }
  }
}

function idOf(socket: TLSSocket): string {
  return /urn:uuid:([0-9a-f-]{36})/.exec(socket.getPeerCertificate().subjectaltname ?? '')?.[1] ?? '';
}

export function sendJson(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, {
    'content-type': status === 200 ? 'application/json' : 'application/problem+json',
    'content-length': Buffer.byteLength(text),
    'keystair-protocol': '1',
  });
  response.end(text);
}
