/**
 * An organisation on this machine: real server processes on loopback, devices with a state directory each, driven
 * through the command line as people do, or where only the outcome matters through a server's own socket, and by the
 * agent in this process.
 *
 * Whatever was started is ended when the file's tests are over, failed or not, and its folder removed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { decryptFile, encryptFile, enrol, heartbeat } from '#agent/main.ts';
import type { AgeAlgorithm } from '#domain/age-algorithm.ts';
import { connectToServer } from '#cli/data-directory.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import { everyKeyId } from './every-key-id.ts';
import { type Ran, runKeystair } from './run-keystair.ts';
import { type RunningServer, startServer } from './running-server.ts';

export type Json = Record<string, unknown>;

/** Asserts exit 0 and one JSON object on standard output, and returns it. */
export function doneJson(ran: Ran): Json {
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^\{.*\}\n$/);
  return ran.json();
}

/**
 * Asserts what the contract says of a refusal: exit 1, standard output empty, the code and a sentence on one line.
 *
 * @returns the sentence.
 */
export function refusedWith(ran: Ran, code: string): string {
  assert.equal(ran.status, 1, `${ran.stdout}${ran.stderr}`);
  assert.equal(ran.stdout, '');
  return failureSentence(ran, code);
}

export function failureSentence(ran: Ran, code: string): string {
  const line = /^keystair: ([a-z-]+): ([^\n]+)\n$/.exec(ran.stderr);
  assert.ok(line !== null, `not one line of the contract's form: ${ran.stderr}`);
  assert.equal(line[1], code, ran.stderr);
  return line[2]!;
}

export class Server {
  #running: RunningServer;
  readonly #args: readonly string[];
  readonly #under: readonly string[];
  readonly name: string;
  readonly id: string;
  readonly data: string;
  /** Its API for people, over the socket in its data directory. */
  readonly call: PeopleClient;

  constructor(running: RunningServer, args: readonly string[], under: readonly string[], call: PeopleClient) {
    this.#running = running;
    this.#args = args;
    this.#under = under;
    this.name = running.server.name;
    this.id = running.server.id;
    this.data = running.data;
    this.call = call;
  }

  get listen(): string {
    return this.#running.listen;
  }

  get pid(): number {
    return this.#running.process.pid!;
  }

  get log(): string {
    return this.#running.log();
  }

  get alive(): boolean {
    return this.#running.process.exitCode === null && this.#running.process.signalCode === null;
  }

  /** A command about this server. */
  run(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Ran> {
    return runKeystair([...args, '--data', this.data], { stdin });
  }

  async done(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Json> {
    return doneJson(await this.run([...args, '--json'], stdin));
  }

  /** SIGTERM; asserts that it drains and exits 0. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    assert.equal(await this.#running.stop(), 0, this.log);
  }

  /** SIGKILL: as when the power goes, but for the disk's cache. */
  async kill(): Promise<void> {
    const { process } = this.#running;
    if (!this.alive) return;
    process.kill('SIGKILL');
    await new Promise((resolve) => process.once('close', resolve));
  }

  /** The same directory, name and port. */
  async restart(): Promise<void> {
    await this.stop();
    this.#running = await startServer(this.data, this.#args, { under: this.#under });
  }

  /** A heartbeat now, and the transmission it leads to. */
  heartbeat(): Promise<{ acknowledgedSeq: number; transmitted: number }> {
    return this.call('heartbeatNow', {});
  }

  keyIds(): Promise<string[]> {
    return everyKeyId(this.call);
  }
}

export class Device {
  readonly name: string;
  readonly state: string;

  constructor(name: string, state: string) {
    this.name = name;
    this.state = state;
  }

  /** `agent VERB …` on this device. */
  run(args: readonly string[], stdin = ''): Promise<Ran> {
    return runKeystair(['agent', ...args, '--state', this.state], { stdin });
  }

  async done(args: readonly string[], stdin = ''): Promise<Json> {
    return doneJson(await this.run([...args, '--json'], stdin));
  }

  /** Encrypts a fresh file and returns its key's id, without a command of its own. */
  async encrypt(
    text: string,
    to: string,
    options: { readonly newIdentity?: boolean; readonly algorithm?: AgeAlgorithm } = {},
  ): Promise<string> {
    writeFileSync(`${to}.plain`, text);
    const { signal } = new AbortController();
    const { key } = await encryptFile({
      ...options,
      state: this.state,
      from: `${to}.plain`,
      to,
      stop: signal,
    });
    return key;
  }

  /** What a file says that it can open, without a command of its own. */
  async textOf(file: string): Promise<string> {
    const to = `${this.state}-opened`;
    const { signal } = new AbortController();
    await decryptFile({ state: this.state, from: file, to, stop: signal, force: true });
    return readFileSync(to, 'utf8');
  }

  /** A heartbeat now, without a command of its own. */
  async heartbeat(): Promise<void> {
    await heartbeat({ state: this.state });
  }
}

export interface Organisation {
  /** A path in the organisation's own folder. */
  readonly path: (name: string) => string;
  /** Starts a server in a directory called like it, in lower case, unless one is given. */
  readonly server: (name: string, options?: { data?: string; args?: readonly string[] }) => Promise<Server>;
  readonly device: (name: string) => Device;
  /** A new device, enrolled at a server, without a command of its own. */
  readonly enrol: (name: string, server: Server) => Promise<Device>;
}

/** Under which a server runs whose passwords cost nothing. */
const CHEAP_PASSWORDS = ['env', `NODE_OPTIONS=--import=${import.meta.resolve('./cheap-passwords.ts')}`];

/**
 * Call once, at the top of a test file.
 *
 * @param options `cheap` where nothing is claimed about passwords.
 */
export function organisation(
  purpose: string,
  { passwords = 'real' }: { readonly passwords?: 'real' | 'cheap' } = {},
): Organisation {
  const under = passwords === 'cheap' ? CHEAP_PASSWORDS : [];
  const folder = mkdtempSync(join(tmpdir(), `keystair-${purpose}-`));
  const servers = new Set<Server>();
  const killAll = (): void => {
    for (const server of servers) if (server.alive) process.kill(server.pid, 'SIGKILL');
  };
  process.once('exit', killAll);
  after(async () => {
    await Promise.all([...servers].map((server) => server.kill()));
    process.off('exit', killAll);
    rmSync(folder, { recursive: true, force: true });
  });
  const path = (name: string): string => join(folder, name);
  const device = (name: string): Device => new Device(name, path(`device-${name}`));
  return {
    path,
    async server(name, options = {}) {
      const data = options.data ?? path(name.toLowerCase());
      const { args = [] } = options;
      const running = await startServer(data, ['--name', name, ...args], { under });
      const server = new Server(running, args, under, await connectToServer(data));
      servers.add(server);
      return server;
    },
    device,
    async enrol(name, server) {
      const made = device(name);
      const { invitation } = await server.call('inviteDevice', {});
      await enrol({ state: made.state, invitation, name });
      return made;
    },
  };
}

/** Makes one server the secondary of another. */
export async function joinServers(
  secondary: Server,
  primary: Server,
  { dmz = false }: { dmz?: boolean } = {},
): Promise<void> {
  const { invitation } = await primary.call('inviteSecondary', { dmz });
  await secondary.call('joinHierarchy', { invitation });
}

export async function setOption(useHierarchy: boolean, ...servers: readonly Server[]): Promise<void> {
  for (const server of servers) await server.call('changeSettings', { useHierarchy });
}

/** Heartbeats from the lowest server upward, so that everything recorded below stands at the top. */
export async function upward(...fromBelow: readonly Server[]): Promise<void> {
  for (const server of fromBelow) await server.heartbeat();
}

export interface ThreeLevels {
  readonly root: Server;
  readonly west: Server;
  readonly north: Server;
  /** Under west. */
  readonly lyon: Server;
  /** Under north. */
  readonly oslo: Server;
}

/** Geneva at the root, the regions West and North, the branches Lyon and Oslo; the option on everywhere. */
export async function threeLevels(place: Organisation): Promise<ThreeLevels> {
  const [root, west, north, lyon, oslo] = await Promise.all(
    (['Geneva', 'West', 'North', 'Lyon', 'Oslo'] as const).map((name) => place.server(name)),
  );
  assert.ok(root && west && north && lyon && oslo);
  await setOption(true, root, west, north, lyon, oslo);
  await Promise.all([joinServers(west, root), joinServers(north, root)]);
  await Promise.all([joinServers(lyon, west), joinServers(oslo, north)]);
  return { root, west, north, lyon, oslo };
}
