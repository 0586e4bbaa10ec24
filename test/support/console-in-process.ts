/** The people's listener on the network, over TLS on loopback, in front of a server in this process. */
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { createAuthenticate, type KnownPeople } from '#server/http/people/console-entrance.ts';
import { openConsoleListener } from '#server/http/people/console-listener.ts';
import { createPeopleListener, type ServedPeople } from '#server/http/people/people-listener.ts';
import { cookieForm } from '#server/http/people/visit.ts';
import { notSignedIn } from '#server/people/known-people.ts';
import { makeServerLeaf } from '#server/members/server-leaf.ts';
import { atTheEnd } from './at-the-end.ts';
import { openServer, type ServerInProcess } from './server-in-process.ts';

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ConsoleInProcess {
  readonly server: ServerInProcess;
  readonly url: string;
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Told>;
  readonly send: (
    method: string,
    path: string,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Told>;
  /** Status and code of a refusal. */
  readonly problem: (path: string, headers?: Readonly<Record<string, string>>) => Promise<[number, unknown]>;
}

const NOBODY_KNOWN: KnownPeople = {
  bySession: () => Promise.reject(notSignedIn()),
  byApiKey: () => Promise.reject(notSignedIn()),
};

export async function openConsole(
  given?: ServerInProcess,
  known: KnownPeople = NOBODY_KNOWN,
  more: Partial<ServedPeople> & { readonly pages?: boolean } = {},
): Promise<ConsoleInProcess> {
  const server = given ?? (await openServer('Oslo'));
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const leaf = await makeServerLeaf(server.authority, server.name.id, ['127.0.0.1'], Date.now());
  const listener = await openConsoleListener({
    address: { secure: true, listen: { host: '127.0.0.1', port: 0 }, url: undefined },
    credentials: leaf,
    files: undefined,
    log,
    timers: { after: () => () => {} },
  });
  const authenticate = createAuthenticate(known, cookieForm(server.name.id, true), listener.site);
  const app = createPeopleListener(
    { ...server.administration, ...more },
    { site: listener.site, authenticate, pages: more.pages === true },
    log,
  );
  await listener.serve(app);
  atTheEnd(() => listener.close());
  const send: ConsoleInProcess['send'] = (method, path, body, headers = {}) =>
    ask(listener.url, method, path, body, { connection: 'close', ...headers });
  const get: ConsoleInProcess['get'] = (path, headers) => send('GET', path, undefined, headers);
  return {
    server,
    url: listener.url,
    get,
    send,
    problem: async (path, headers) => {
      const { status, body } = await get(path, headers);
      return [status, (JSON.parse(body) as { readonly code?: unknown }).code];
    },
  };
}

function ask(
  url: string,
  method: string,
  path: string,
  body: unknown,
  given: Readonly<Record<string, string>>,
): Promise<Told> {
  const { hostname: host, port } = new URL(url);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...given };
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path, headers, rejectUnauthorized: false, agent: false } as const;
    const call = request(options, (answer) => {
      let told = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (told += piece));
      answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: told }));
      answer.on('error', reject);
    });
    call.on('error', reject);
    call.end(text);
  });
}
