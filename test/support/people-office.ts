/**
 * A server in this process with its people's listener on loopback, and browsers that keep its cookies: for what people
 * do before and after they are known.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { readConfig } from '#server/config.ts';
import { ConsoleDoor } from '#server/console-door.ts';
import type { ProviderSettings } from '#server/people/provider-settings.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import type { Log, Timers } from '#server/environment/environment.ts';
import { atTheEnd } from './at-the-end.ts';
import { openServer, type ServerInProcess } from './server-in-process.ts';

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };
const timers: Timers = {
  after: (ms, call) => {
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** One that is strong enough, and whose stretching costs these tests nothing. */
export const PASSWORD = 'walnut carpet engine drizzle';
const cheap = (random: (bytes: number) => Uint8Array, memoryKib = 64) => ({
  memoryKib,
  passes: 1,
  parallelism: 1,
  salt: Buffer.from(random(16)).toString('base64'),
});

/** What these tests read of answers. */
export interface Body {
  readonly [field: string]: unknown;
  readonly code?: string;
  readonly person: { readonly id: string; readonly name: string; readonly roles: readonly string[] };
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
}

export interface Office {
  readonly server: ServerInProcess;
  readonly url: string;
  browser(): Browser;
}

export interface Browser {
  readonly cookies: Map<string, string>;
  /** What it sends besides, or in place of what it sends by itself; undefined leaves it out. */
  send(
    line: string,
    body?: unknown,
    headers?: Readonly<Record<string, string | undefined>>,
  ): Promise<Answered>;
  /** The same, and it has to be done. */
  done(line: string, body?: unknown, headers?: Readonly<Record<string, string | undefined>>): Promise<Body>;
  /** The same, and it has to be refused with this. */
  refused(
    code: string,
    line: string,
    body?: unknown,
    headers?: Readonly<Record<string, string | undefined>>,
  ): Promise<Body>;
  /** Another with the same cookies. */
  copy(): Browser;
}

/** @param memoryKib what stretching a password costs. */
export async function openOffice({
  memoryKib,
  host = '127.0.0.1',
  ...options
}: {
  readonly directory?: string;
  readonly host?: string;
  readonly memoryKib?: number;
  readonly providers?: readonly ProviderSettings[];
} = {}): Promise<Office> {
  let url: string | null = null;
  const server = await openServer('Office', {
    heartbeats: false,
    consoleUrl: () => url,
    passwordParameters: (random) => cheap(random, memoryKib),
    ...options,
  });
  const config = readConfig({ data: '/nonexistent', console: `http://${host}:0` });
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const door = new ConsoleDoor({ config, log: SILENT, clock: server.clock, timers, random });
  const listener = (await door.open(server.authority, server.name.id))!;
  url = listener.url;
  const { administration } = server;
  const entrance = door.entrance(listener, administration.known, server.name.id);
  await listener.serve(createPeopleListener(administration, entrance, SILENT));
  atTheEnd(() => door.close());
  return { server, url, browser: () => browserAt(listener.url, new Map()) };
}

function browserAt(url: string, cookies: Map<string, string>): Browser {
  const browser: Browser = {
    cookies,
    send: (line, body, headers = {}) => send(url, cookies, line, body, headers),
    async done(line, body, headers) {
      const { status, body: answer } = await browser.send(line, body, headers);
      assert.equal(status, 200, `${line}: ${JSON.stringify(answer)}`);
      return answer;
    },
    async refused(code, line, body, headers) {
      const { body: answer } = await browser.send(line, body, headers);
      assert.equal(answer['code'], code, `${line}: ${JSON.stringify(answer)}`);
      return answer;
    },
    copy: () => browserAt(url, new Map(cookies)),
  };
  return browser;
}

function send(
  url: string,
  cookies: Map<string, string>,
  line: string,
  body: unknown,
  others: Readonly<Record<string, string | undefined>>,
): Promise<Answered> {
  const [method = '', path = ''] = line.split(' ');
  const { host, origin } = new URL(url);
  const all: Record<string, string | undefined> = {
    host,
    ...(method === 'GET' ? {} : { origin }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(cookies.size === 0 ? {} : { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }),
    ...others,
  };
  const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const call = request(`${url}/api/v1${path}`, { method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        for (const cookie of answer.headers['set-cookie'] ?? []) keep(cookies, cookie);
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          body: JSON.parse(text) as Body,
        });
      });
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

function keep(cookies: Map<string, string>, cookie: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
  if (/; Max-Age=0(?:;|$)/.test(cookie)) cookies.delete(name);
  else cookies.set(name, value);
}

/** A one-time code as any app makes it (RFC 6238), without our code. */
export function codeAt(base32: string, ms: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = base32
    .split('')
    .map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(ms / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const at = mac[19]! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export interface SetUpPerson {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
  /** Signed in by the set-up. */
  readonly browser: Browser;
}

export function tokenOf(setupUrl: string): string {
  return setupUrl.slice(setupUrl.indexOf('#') + 1);
}

/** Uses a set-up link. */
export async function setUp(office: Office, setupUrl: string): Promise<SetUpPerson> {
  const browser = office.browser();
  const token = tokenOf(setupUrl);
  const { secret } = await browser.done('POST /set-up/password', { token, password: PASSWORD });
  const code = codeAt(secret, office.server.clock());
  const { person, recoveryCodes } = await browser.done('POST /set-up/code', { token, code });
  const { id, name } = person;
  return { id, name, secret, recoveryCodes, browser };
}

/** Added by the owner of the data directory. */
export async function addPerson(office: Office, name: string, ...roles: string[]): Promise<SetUpPerson> {
  const { setupUrl } = await office.server.call('addPerson', { name, roles });
  return setUp(office, setupUrl!);
}

/** With password and code, a step later than any code before. */
export async function signInAs(
  office: Office,
  { name, secret }: SetUpPerson,
  browser = office.browser(),
): Promise<Browser> {
  office.server.clock.aheadMs += 30_000;
  await browser.done('POST /sign-in/password', { name, password: PASSWORD });
  await browser.done('POST /sign-in/code', { code: codeAt(secret, office.server.clock()) });
  return browser;
}
