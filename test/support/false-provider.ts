/**
 * A provider of identities that says whatever it is told to: each field of its token can be falsified. It shares no code
 * with the client that judges it.
 */
import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atTheEnd } from './at-the-end.ts';

export interface Says {
  /** Claims in place of the honest ones; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly alg?: 'RS256' | 'none' | 'HS256';
  /** Signed with a key that it does not publish. */
  readonly stranger?: boolean;
}

export interface FalseProvider {
  readonly issuer: string;
  /** The honest claims of whoever signs in next, and what is false in them. */
  says: Says;
  person: Readonly<Record<string, unknown>>;
  /** Goes where the address leads, and returns the query that comes back. */
  visit(address: string): string;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(keys: { own: KeyObject; stranger: KeyObject }, claims: object, says: Says): string {
  const { alg = 'RS256' } = says;
  const content = `${part({ alg, kid: 'one', typ: 'JWT' })}.${part(claims)}`;
  if (alg === 'none') return `${content}.`;
  if (alg === 'HS256')
    return `${content}.${createHmac('sha256', 'secret').update(content).digest('base64url')}`;
  const key = says.stranger === true ? keys.stranger : keys.own;
  return `${content}.${createSign('sha256').update(content).sign(key, 'base64url')}`;
}

export async function openFalseProvider(clientId: string): Promise<FalseProvider> {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const asked = new Map<string, string>();
  let codes = 0;
  const server: Server = createServer((request, answer) => {
    const send = (body: object): void => {
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify(body));
    };
    const { pathname } = new URL(request.url ?? '', provider.issuer);
    if (pathname === '/.well-known/openid-configuration')
      return send({
        issuer: provider.issuer,
        authorization_endpoint: `${provider.issuer}/auth`,
        token_endpoint: `${provider.issuer}/token`,
        jwks_uri: `${provider.issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        authorization_response_iss_parameter_supported: true,
      });
    if (pathname === '/keys')
      return send({
        keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }],
      });
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const nonce = asked.get(new URLSearchParams(body).get('code') ?? '');
      const now = Math.floor(Date.now() / 1000);
      const honest = {
        iss: provider.issuer,
        aud: clientId,
        nonce,
        iat: now,
        exp: now + 300,
        ...provider.person,
      };
      const claims = { ...honest, ...provider.says.claims };
      const keys = { own: own.privateKey, stranger: stranger.privateKey };
      send({ access_token: 'x', token_type: 'Bearer', id_token: token(keys, claims, provider.says) });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  atTheEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const provider: FalseProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    says: {},
    person: {},
    visit(address) {
      const { searchParams } = new URL(address);
      const code = `code-${(codes += 1)}`;
      asked.set(code, searchParams.get('nonce') ?? '');
      return new URLSearchParams({
        code,
        state: searchParams.get('state') ?? '',
        iss: provider.issuer,
      }).toString();
    },
  };
  return provider;
}
