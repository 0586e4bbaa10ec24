/**
 * A real server process that is dialled through a relay: what invitations and heartbeat answers carry is the relay's
 * address. Its own devices dial it directly.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connectToServer } from '#cli/data-directory.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import type { Workplace } from '#test/crashes/workplace.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';
import { openRelay, type Relay } from './relay.ts';

/** A drain is cut after ten seconds; a machine may be ten times slower. */
const STOP_MS_MAX = 120_000;

export type Primary = NonNullable<ServerStatus['primary']>;

export class NetworkServer {
  readonly name: string;
  readonly data: string;
  readonly relay: Relay;
  readonly #workplace: Workplace;
  #running: RunningServer | undefined;
  #call: PeopleClient | undefined;

  constructor(workplace: Workplace, name: string, relay: Relay) {
    this.#workplace = workplace;
    this.name = name;
    this.data = workplace.makeFolder(name.toLowerCase());
    this.relay = relay;
  }

  static async start(workplace: Workplace, name: string): Promise<NetworkServer> {
    const relay = await openRelay();
    workplace.atTheEnd(() => relay.close());
    const server = new NetworkServer(workplace, name, relay);
    await server.start();
    return server;
  }

  get call(): PeopleClient {
    assert.ok(this.#call !== undefined, `${this.name} was never started`);
    return this.#call;
  }

  get running(): RunningServer {
    assert.ok(this.#running !== undefined, `${this.name} was never started`);
    return this.#running;
  }

  /** @param address what others are told; the relay's unless given. */
  async start(address = this.relay.address): Promise<void> {
    this.#running = await startServer(this.data, ['--name', this.name, '--address', address]);
    this.#workplace.keep(this.#running.process);
    this.relay.target = this.#running.listen;
    this.#call ??= await connectToServer(this.data);
  }

  /** SIGTERM; asserts that it drains in its time and exits 0. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.running.process.kill('SIGKILL'), STOP_MS_MAX);
    assert.equal(await this.running.stop(), 0, `${this.name} did not stop well:\n${this.running.log()}`);
    clearTimeout(timer);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const over = once(this.running.process, 'close');
    this.running.process.kill('SIGKILL');
    await over;
  }

  async primary(): Promise<Primary> {
    const { primary } = await this.call('serverStatus', {});
    assert.ok(primary !== null, `${this.name} has no primary`);
    return primary;
  }

  /** The most memory that the process ever held, in MiB. */
  memoryMiB(): number {
    const status = readFileSync(`/proc/${this.running.process.pid}/status`, 'utf8');
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    assert.ok(kibibytes !== undefined, 'the system does not tell how much memory a process holds');
    return Math.round(Number(kibibytes) / 1024);
  }
}
