/**
 * One running copy of a server: the real program over a real store in a directory of its own, with its own clock,
 * disk and life. It can crash at any await, and starts again on what was durable.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stretchAtOnce } from '#crypto/age/scrypt-stanza.ts';
import { type AdministrationServer, createAdministrationServer } from '#server/administration-server.ts';
import { type Budgets, BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import { createRepository, isNew, openRepository } from '#server/start/create-repository.ts';
import type { Clock, Log, Timers } from '#server/environment/environment.ts';
import type { PeopleAnswer, PeopleRequest, PeopleCallName } from '#protocol/people/people-routes.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { ObservedServer } from '../checkers/observed-server.ts';
import { callsOf, diallerOf } from './calling.ts';
import { publicKeyOf, simulatedAuthority } from './certificates.ts';
import { copyData, restoreData } from './data-copies.ts';
import { createDice, type Dice } from './dice.ts';
import { Died, Life, never } from './life.ts';
import type { Answer, ServedCall } from './network.ts';
import { serveCall } from './serve.ts';
import { createStorePort, type DiskFaults, SOUND_DISK } from './store-port.ts';
import type { Site, World } from './world.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';

/** A start that failed is tried again, as a service manager does. */
const START_AGAIN_MS = 60_000;
/** Keys an import records in one transaction. */
const IMPORT_PAGE_KEYS = 5;

/** On what a server was opened. */
export type Opened = 'first' | 'as-it-was' | 'older-copy' | 'copied' | 'restored' | 'half-restored';

export class Instance {
  readonly name: string;
  readonly site: Site;
  directory: string;
  readonly observed = new ObservedServer();
  readonly disk: DiskFaults = { ...SOUND_DISK };
  readonly #world: World;
  readonly #dice: Dice;
  state: 'down' | 'starting' | 'running' = 'down';
  /** It will not be started any more. */
  retired = false;
  clockOffset = 0;
  /** As its configuration file has them: they hold from its next start on. */
  budgets: Budgets = BUDGETS_DEFAULT;
  life = new Life();
  #real: Store | undefined;
  #server: AdministrationServer | undefined;
  #opens: Opened = 'first';
  #restores = 0;

  constructor(world: World, site: Site, name: string) {
    this.#world = world;
    this.site = site;
    this.name = name;
    this.directory = join(world.directory, name);
    this.#dice = createDice(world.seed, `randomness of ${name}`);
    mkdirSync(this.directory, { recursive: true });
  }

  readonly clock: Clock = () => this.#world.startedAt + this.#world.schedule.now + this.clockOffset;

  get authority(): string {
    return simulatedAuthority(this.site.id).certificatePem;
  }

  /** Begins to start; it runs once everything was opened. */
  start(): void {
    if (this.state !== 'down' || this.retired) return;
    this.state = 'starting';
    const life = new Life();
    this.life = life;
    life.whenOver(() => {
      if (this.life !== life) return;
      this.state = 'down';
      this.#server = undefined;
      this.#world.trace.tell(this.name, 'CRASHED');
    });
    this.#open(life).catch((error: unknown) => {
      // The same in every run: files lie elsewhere each time.
      const why = String(error).replaceAll(this.#world.directory, '');
      this.#world.trace.tell(this.name, `could not start: ${why}`);
      life.end();
      this.#world.schedule.after(START_AGAIN_MS, `start of ${this.name}`, () => this.start());
    });
  }

  async #open(life: Life): Promise<void> {
    const { quiet, schedule, trace, register, network } = this.#world;
    await this.close();
    const real = await openSqliteStore({
      directory: this.directory,
      onFatal: (error) => {
        throw error;
      },
      auditReserveBytes: 0,
      sync: 'off',
    });
    this.#real = real;
    await quiet.during(() => this.#world.witness.onOpened(this, real.reader, this.#opens));
    this.#opens = 'as-it-was';
    const store = createStorePort({
      real,
      life,
      quiet,
      faults: this.disk,
      onCommitted: (committed) => this.#world.witness.onCommitted(this, committed),
    });
    const random = (bytes: number) => this.#dice.bytes(bytes);
    const timers: Timers = {
      after: (ms, call) =>
        schedule.after(ms, `timer of ${this.name}`, () => {
          if (life.step()) call();
        }),
    };
    const log = this.#log(life);
    const ports = { store, clock: this.clock, random, log };
    const { sealKey, serverName } = this.site;
    const repository = (await isNew(store.reader))
      ? await createRepository(
          { ...ports, makeAuthority: async ({ serverId }) => simulatedAuthority(serverId) },
          sealKey,
          serverName,
        )
      : await openRepository(ports, sealKey, serverName);
    this.site.id = repository.server.id;
    const caller = { network, name: this.name, life };
    const server = await createAdministrationServer({
      ...ports,
      repository,
      timers,
      credentials: register.credentials(simulatedAuthority(this.site.id), this.site.address, this.clock),
      dialler: diallerOf(caller, repository.rows, store.reader),
      askToJoin: async (invitation, privateKey, { id, name }) =>
        callsOf(caller, publicKeyOf(privateKey), undefined, {
          address: invitation.addresses[0] ?? '',
          fingerprint: invitation.authority,
          serverId: invitation.server.id,
        }).call('join', { secret: invitation.secret, id, name, kind: 'secondary' }),
      postQuantumLog: false,
      makePrivateKey: () => Buffer.from(random(32)).toString('hex'),
      facts: () => ({ listen: this.site.address, console: null, consoleFingerprint: null }),
      budgets: this.budgets,
      // A tree that is not started by its programs: no key file, no token, and nothing to warn of.
      sealPlaces: { dataDirectory: '/', places: () => ({ rootKeyFile: '/dev/null', pkcs11: undefined }) },
      // Everything by hand without threads, and in pages small enough that an import takes several.
      transferTuning: { workFactor: 1, stretch: stretchAtOnce, pageKeys: IMPORT_PAGE_KEYS },
    });
    if (!life.alive) return;
    this.#server = server;
    this.state = 'running';
    trace.tell(this.name, `runs, with ${this.observed.keys.size} keys`);
    server.start();
  }

  #log(life: Life): Log {
    const line = (fields: Readonly<Record<string, unknown>>) => {
      if (!life.alive) return;
      const { event, ...rest } = fields;
      this.#world.trace.tell(this.name, `log ${String(event)} ${JSON.stringify(rest)}`);
    };
    return { info: line, warn: line, error: line };
  }

  /** What lies in its directory is what a restore left that was killed. */
  get halfRestored(): boolean {
    return this.#opens === 'half-restored';
  }

  /** A call of a machine, while this life lasts. */
  async serve(call: ServedCall): Promise<Answer> {
    const { life } = this;
    const server = this.#server;
    if (server === undefined) return never();
    const { register, witness } = this.#world;
    const peer = register.identify(call.presented, this.authority, this.clock());
    witness.onCallServed(this, call, peer);
    const answer = await serveCall(server.machines, peer, call, (error) => {
      if (life.alive) witness.onDefect(this.name, error);
    });
    if (!life.step()) return never();
    witness.onAnswer(this, call, peer, answer);
    return answer;
  }

  /** What an administrator does at this server's console. */
  ask<N extends PeopleCallName>(name: N, request: PeopleRequest<N>): Promise<PeopleAnswer<N>> {
    return this.call(({ people }) => {
      const run = people[name] as unknown as (caller: unknown, asked: unknown) => Promise<PeopleAnswer<N>>;
      return run(ADMINISTRATOR, request);
    });
  }

  /** Something somebody does at this server, for as long as this life of it lasts. */
  async call<T>(work: (server: AdministrationServer) => Promise<T>): Promise<T> {
    const { life } = this;
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

  crash(): void {
    this.life.end();
  }

  /** It ends and is not started again. */
  retire(): void {
    this.retired = true;
    this.crash();
  }

  /** @param offset against true time, in milliseconds. */
  setClock(offset: number): void {
    if (this.clockOffset === offset) return;
    this.clockOffset = offset;
    this.#world.witness.onClockSet(this);
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    const { life } = this;
    const server = this.#server;
    if (server === undefined) return;
    this.#world.trace.tell(this.name, 'is stopped');
    const { full, reserveUsed, failingWrites } = this.disk;
    await server.stop();
    const written = !full && !reserveUsed && failingWrites === 0;
    if (written && life.alive && this.life === life) this.#world.witness.onStopped(this);
    life.end();
  }

  /** Lets go of the files. Only of a server that is down. */
  async close(): Promise<void> {
    const real = this.#real;
    this.#real = undefined;
    if (real !== undefined) await this.#world.quiet.during(() => real.close());
  }

  /** Copies the data as it is on disk at this moment. */
  copyTo(directory: string): void {
    copyData(this.directory, directory);
  }

  async stagedImports(): Promise<readonly string[]> {
    const real = this.#real;
    return real === undefined ? [] : this.#world.quiet.during(() => real.reader.stagedImports());
  }

  /**
   * Makes a new data directory from a backup, as `server restore` does, and goes on in it. Only while it is down; what
   * it throws leaves everything as it was. Where it is killed it goes on in what that leaves, and the next one is made
   * there.
   * @param faults of the disk it is restored to.
   * @param killAfter the process dies after so many moments of writing, or soon after them all.
   */
  async restore(
    file: AsyncIterable<Uint8Array>,
    password: string,
    faults: DiskFaults,
    killAfter?: number,
  ): Promise<void> {
    await this.close();
    this.#restores += 1;
    const next = join(this.#world.directory, `${this.name}-restored${this.#restores}`);
    const directory = this.#opens === 'half-restored' ? this.directory : next;
    const kill = killAfter === undefined ? undefined : { afterMoments: killAfter, leaves: `${next}-killed` };
    const random = (bytes: number) => this.#dice.bytes(bytes);
    const { quiet } = this.#world;
    const { sealKey } = this.site;
    const options = { file, password, directory, sealKey, clock: this.clock, random, quiet, faults, kill };
    try {
      await restoreData(options);
    } catch (error) {
      if (kill === undefined || !(error instanceof Died)) throw error;
      this.directory = kill.leaves;
      this.#opens = 'half-restored';
      return;
    }
    this.directory = directory;
    this.#opens = 'restored';
  }

  /** Puts an older copy in the place of the data. Only while it is down. */
  async putBack(directory: string, opens: Opened): Promise<void> {
    await this.close();
    copyData(directory, this.directory);
    this.#opens = opens;
  }
}
