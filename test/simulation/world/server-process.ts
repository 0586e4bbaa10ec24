/**
 * One running process of a server: the real program over the store that the processes of its copy share, with a life of
 * its own. It can crash at any await, and starts again on what was durable.
 */
import { stretchAtOnce } from '#crypto/age/scrypt-stanza.ts';
import { codeOf } from '#domain/errors.ts';
import { type AdministrationServer, createAdministrationServer } from '#server/administration-server.ts';
import type { Log, Timers } from '#server/environment/environment.ts';
import {
  createRepository,
  isNew,
  openRepository,
  type Repository,
  type RepositoryPorts,
} from '#server/start/create-repository.ts';
import { callsOf, diallerOf } from './calling.ts';
import { publicKeyOf, simulatedAuthority } from './certificates.ts';
import type { Dice } from './dice.ts';
import type { Instance } from './instance.ts';
import { Life, never } from './life.ts';
import type { Answer, ServedCall } from './network.ts';
import type { GroupMember } from './group-member.ts';
import { serveCall } from './serve.ts';
import { createStorePort } from './store-port.ts';
import type { World } from './world.ts';

/** A start that failed is tried again, as a service manager does. */
const START_AGAIN_MS = 60_000;
/** Keys an import records in one transaction. */
const IMPORT_PAGE_KEYS = 5;

export class ServerProcess {
  readonly #world: World;
  readonly #of: Instance;
  /** The name of its server, and a number where it has several. */
  readonly #label: string;
  readonly #dice: Dice;
  state: 'down' | 'starting' | 'running' = 'down';
  life = new Life();
  #server: AdministrationServer | undefined;
  #member: GroupMember | undefined;

  constructor(world: World, of: Instance, label: string, dice: Dice) {
    this.#world = world;
    this.#of = of;
    this.#label = label;
    this.#dice = dice;
  }

  /** Begins to start; it runs once everything was opened. */
  start(): void {
    if (this.state !== 'down' || this.#of.retired) return;
    this.state = 'starting';
    const life = new Life();
    this.life = life;
    life.whenOver(() => {
      if (this.life !== life) return;
      this.state = 'down';
      this.#server = undefined;
      this.#world.trace.tell(this.#label, 'CRASHED');
      this.#of.processEnded();
    });
    this.#open(life).catch((error: unknown) => {
      // The same in every run: files lie elsewhere each time.
      const why = String(error).replaceAll(this.#world.directory, '');
      this.#world.trace.tell(this.#label, `could not start: ${why}`);
      this.#beginAgain(life);
    });
  }

  async #open(life: Life): Promise<void> {
    const { quiet, schedule, trace, register, network } = this.#world;
    const { site, clock } = this.#of;
    const real = await this.#of.opened();
    const onFatal = (): void => this.#beginAgain(life);
    const member = this.#of.group?.join({ life, reader: () => store.reader, onFatal });
    this.#member = member;
    const store = createStorePort({
      real,
      life,
      quiet,
      faults: this.#of.disk,
      member,
      onCommitted: (committed) => this.#world.witness.onCommitted(this.#of, life, committed),
    });
    const random = (bytes: number) => this.#dice.bytes(bytes);
    const timers: Timers = {
      after: (ms, call) =>
        schedule.after(ms, `timer of ${this.#label}`, () => {
          if (life.paused) void life.awake().then(() => life.step() && call());
          else if (life.step()) call();
        }),
    };
    const log = this.#log(life);
    const ports = { store, clock, random, log };
    const repository = await this.#repository(ports);
    site.id = repository.server.id;
    const caller = { network, name: this.#of.name, life };
    const server = await createAdministrationServer({
      ...ports,
      repository,
      timers,
      credentials: register.credentials(simulatedAuthority(site.id), site.address, clock),
      dialler: diallerOf(caller, repository.rows, store.reader),
      askToJoin: async (invitation, privateKey, { id, name }) =>
        callsOf(caller, publicKeyOf(privateKey), undefined, {
          address: invitation.addresses[0] ?? '',
          fingerprint: invitation.authority,
          serverId: invitation.server.id,
        }).call('join', { secret: invitation.secret, id, name, kind: 'secondary' }),
      postQuantumLog: false,
      makePrivateKey: () => Buffer.from(random(32)).toString('hex'),
      facts: () => ({ listen: site.address, console: null, consoleFingerprint: null }),
      budgets: this.#of.budgets,
      // A tree that is not started by its programs: no key file, no token, and nothing to warn of.
      sealPlaces: { dataDirectory: '/', places: () => ({ rootKeyFile: '/dev/null', pkcs11: undefined }) },
      // Everything by hand without threads, and in pages small enough that an import takes several.
      transferTuning: { workFactor: 1, stretch: stretchAtOnce, pageKeys: IMPORT_PAGE_KEYS },
    });
    if (!life.alive) return;
    this.#server = server;
    this.state = 'running';
    trace.tell(this.#label, `runs, with ${this.#of.observed.keys.size} keys`);
    server.start();
    await member?.announce({ address: site.address, state: 'serving' });
  }

  async #repository(ports: RepositoryPorts): Promise<Repository> {
    const { site } = this.#of;
    if (await isNew(ports.store.reader)) {
      const making = { ...ports, makeAuthority: async ({ serverId = '' }) => simulatedAuthority(serverId) };
      try {
        return await createRepository(making, site.sealKey, site.serverName);
      } catch (error) {
        // Another process was first.
        if (codeOf(error) !== 'already-exists') throw error;
      }
    }
    return openRepository(ports, site.sealKey, site.serverName);
  }

  #beginAgain(life: Life): void {
    life.end();
    this.#world.schedule.after(START_AGAIN_MS, `start of ${this.#label}`, () => this.start());
  }

  #log(life: Life): Log {
    const line = (fields: Readonly<Record<string, unknown>>) => {
      if (!life.alive) return;
      const { event, ...rest } = fields;
      this.#world.trace.tell(this.#label, `log ${String(event)} ${JSON.stringify(rest)}`);
    };
    return { info: line, warn: line, error: line };
  }

  /** A call of a machine, while this life lasts. */
  async serve(call: ServedCall): Promise<Answer> {
    const { life } = this;
    if (life.paused) await life.awake();
    const server = this.#server;
    if (server === undefined) return never();
    const { register, witness } = this.#world;
    const peer = register.identify(call.presented, this.#of.authority, this.#of.clock());
    witness.onCallServed(this.#of, life, call, peer);
    const answer = await serveCall(server.machines, peer, call, (error) => {
      if (life.alive) witness.onDefect(this.#label, error);
    });
    if (!life.step()) return never();
    witness.onAnswer(this.#of, life, call, peer, answer);
    return answer;
  }

  /** Something somebody does at this process, for as long as this life of it lasts. */
  async call<T>(work: (server: AdministrationServer) => Promise<T>): Promise<T> {
    const { life } = this;
    if (life.paused) await life.awake();
    const server = this.#server;
    if (server === undefined) return never();
    let outcome: { readonly answer: T } | { readonly error: unknown };
    try {
      outcome = { answer: await work(server) };
    } catch (error) {
      outcome = { error };
    }
    if (!life.step()) return never();
    if ('error' in outcome) throw outcome.error;
    return outcome.answer;
  }

  /** It stands still for so long. */
  pause(ms: number): void {
    if (!this.life.paused) this.#member?.pause(ms);
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    const { life } = this;
    const server = this.#server;
    if (server === undefined) return;
    this.#world.trace.tell(this.#label, 'is stopped');
    const { full, reserveUsed, failingWrites } = this.#of.disk;
    server.leave();
    await server.stop();
    await this.#member?.leave();
    const written = !full && !reserveUsed && failingWrites === 0;
    if (written && life.alive && this.life === life) this.#world.witness.onStopped(this.#of, life);
    life.end();
  }
}
