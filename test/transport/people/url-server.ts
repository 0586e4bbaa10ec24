/** A server at a URL that notes what arrives: whether anything was sent to it at all, and with which headers. */
import { createServer as createPlain, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { X509Certificate } from 'node:crypto';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { type Office, openOffice } from '../office.ts';

export interface UrlServer {
  readonly url: string;
  /** SHA-256 of its certificate, as its status shows it. */
  readonly fingerprint: string;
  readonly office: Office;
  /** The headers of each request. */
  readonly seen: IncomingHttpHeaders[];
  /** Connections over which a byte of a request came. */
  readonly spokenTo: () => number;
  /** Connections that were made. */
  readonly connections: () => number;
}

export async function urlServer(
  answer: RequestListener,
  {
    secure = true,
    host = '127.0.0.1',
    now = Date.now(),
    office: given,
  }: {
    readonly secure?: boolean;
    readonly host?: string;
    readonly now?: number;
    /** Whose certificate it shows, for 127.0.0.1; a new one's unless given. */
    readonly office?: Office;
  } = {},
): Promise<UrlServer> {
  const office = given ?? (await openOffice(now));
  const { certificatePem, privateKeyPem } = office.credentials;
  const seen: IncomingHttpHeaders[] = [];
  let spokenTo = 0;
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    seen.push(request.headers);
    answer(request, response);
  };
  const server = secure
    ? createSecure({ cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.3' }, listener)
    : createPlain(listener);
  server.on(secure ? 'secureConnection' : 'connection', (socket) => {
    connections += 1;
    socket.once('data', () => (spokenTo += 1));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  atTheEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${secure ? 'https' : 'http'}://${host}:${port}`,
    fingerprint: new X509Certificate(certificatePem).fingerprint256,
    office,
    seen,
    spokenTo: () => spokenTo,
    connections: () => connections,
  };
}
