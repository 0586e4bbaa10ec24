/**
 * Machines made by hand, for what no agent and no server of ours would send: keys, members with their own key pair and
 * certificate, and calls over real TLS with any body.
 */
import { randomUUID } from 'node:crypto';
import { decodeInvitation } from '#domain/invitation.ts';
import type { ServerName } from '#domain/server-name.ts';
import { createMachineCalls, JSON_LINES_MEDIA_TYPE, type MachineCalls } from '#protocol/machine-calls.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import type { RequestBody } from '#transport/exchange.ts';
import { type KeyPair, makeKeyPair } from '#transport/key-pair.ts';
import { createMachineClient, type MachineClient } from '#transport/machine-client.ts';
import { machineSend } from '#transport/machine-send.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { atTheEnd } from './at-the-end.ts';

/** Where most callers look for it. */
export { makeSomeKey, type MadeKey } from './some-key.ts';

/** What both kinds of test servers are for a caller. */
export interface Called {
  readonly address: string;
  readonly name: ServerName;
  readonly authorityPem: string;
  readonly now?: () => number;
}

export interface Answered {
  readonly status: number;
  readonly document: Readonly<Record<string, unknown>>;
  /** The code of the problem, where it is one. */
  readonly code: unknown;
}

export interface MachineCaller {
  readonly client: MachineClient;
  readonly calls: MachineCalls;
  /** Any body to any path. */
  post(path: string, body: RequestBody, contentType?: string): Promise<Answered>;
  /** Any body to a route of the table. */
  to(route: MachineRouteName, body: RequestBody): Promise<Answered>;
}

/** Calls with these credentials, or with none. Closed when the tests of the file are over. */
export function callerWith(server: Called, credentials: TlsCredentials | undefined): MachineCaller {
  const client = createMachineClient({
    addresses: [server.address],
    authority: { certificatePem: server.authorityPem },
    serverId: server.name.id,
    clientCertificate: () => credentials,
    now: server.now ?? Date.now,
  });
  atTheEnd(() => client.close());
  const post = async (
    path: string,
    body: RequestBody,
    contentType = 'application/json',
  ): Promise<Answered> => {
    const response = await client.request({
      method: 'POST',
      path,
      headers: { 'content-type': contentType, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
      body,
      timeoutMs: 60_000,
    });
    const document = JSON.parse((await response.body()).toString()) as Record<string, unknown>;
    return { status: response.status, document, code: document['code'] };
  };
  return {
    client,
    calls: createMachineCalls(machineSend(client)),
    post,
    to: (name, body) => {
      const { path, request } = MACHINE_ROUTES[name];
      return post(path, body, request === 'json-lines' ? JSON_LINES_MEDIA_TYPE : 'application/json');
    },
  };
}

export interface MadeMember extends MachineCaller {
  readonly id: string;
  readonly pair: KeyPair;
  readonly credentials: TlsCredentials;
  readonly server: ServerName;
}

/** Joins as a member that this test plays itself. */
export async function joinAs(
  invitation: string,
  options: {
    readonly now?: () => number;
    readonly arriving?: boolean;
    readonly id?: string;
    readonly pair?: KeyPair;
    readonly name?: string;
  } = {},
): Promise<MadeMember> {
  const { now = Date.now, id = randomUUID(), pair = makeKeyPair(), name = 'played' } = options;
  const decoded = decodeInvitation(invitation);
  const answer = await askToJoin({
    invitation: decoded,
    keyPair: pair,
    id,
    name,
    ...(options.arriving === undefined ? {} : { arriving: options.arriving }),
    now,
  });
  const credentials = { certificatePem: answer.certificate, privateKeyPem: pair.privateKeyPem };
  const called = {
    address: decoded.addresses[0]!,
    name: answer.server,
    authorityPem: answer.authority,
    now,
  };
  return { ...callerWith(called, credentials), id, pair, credentials, server: answer.server };
}
