/**
 * One copy of a server: a real store in a directory of its own, with its own clock and disk, and the processes that
 * serve it, mostly one.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AdministrationServer } from '#server/administration-server.ts';
import { type Budgets, BUDGETS_DEFAULT } from '#server/members/member-budgets.ts';
import type { Clock } from '#server/environment/environment.ts';
import type { PeopleAnswer, PeopleRequest, PeopleCallName } from '#protocol/people/people-routes.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { ObservedServer } from '../checkers/observed-server.ts';
import { simulatedAuthority } from './certificates.ts';
import { copyData, restoreData } from './data-copies.ts';
import { createDice, type Dice } from './dice.ts';
import { Died } from './life.ts';
import { ProcessGroup } from './process-group.ts';
import { ServerProcess } from './server-process.ts';
import { type DiskFaults, SOUND_DISK } from './store-port.ts';
import type { Site, World } from './world.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';

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
  readonly #turns: Dice;
  /** It will not be started any more. */
  retired = false;
  clockOffset = 0;
  /** As its configuration file has them: they hold from its next start on. */
  budgets: Budgets = BUDGETS_DEFAULT;
  /** Mostly one. */
  readonly processes: readonly ServerProcess[];
  /** Where there are several. */
  readonly group: ProcessGroup | undefined;
  #real: Store | undefined;
  #opening: Promise<Store> | undefined;
  #opens: Opened = 'first';
  #restores = 0;

  constructor(world: World, site: Site, name: string, processes: number) {
    this.#world = world;
    this.site = site;
    this.name = name;
    this.directory = join(world.directory, name);
    this.#dice = createDice(world.seed, `randomness of ${name}`);
    this.#turns = createDice(world.seed, `which process of ${name} answers`);
    if (processes > 1) {
      const dice = createDice(world.seed, `processes of ${name}`);
      this.group = new ProcessGroup({ name, schedule: world.schedule, dice });
    }
    this.processes = Array.from({ length: processes }, (_, number) => {
      const label = number === 0 ? name : `${name}.${number + 1}`;
      const dice = number === 0 ? this.#dice : createDice(world.seed, `randomness of ${label}`);
      return new ServerProcess(world, this, label, dice);
    });
    mkdirSync(this.directory, { recursive: true });
  }

  get running(): readonly ServerProcess[] {
    return this.processes.filter(({ state }) => state === 'running');
  }

  get state(): 'down' | 'starting' | 'running' {
    if (this.running.length > 0) return 'running';
    return this.processes.some(({ state }) => state === 'starting') ? 'starting' : 'down';
  }

  readonly clock: Clock = () => this.#world.startedAt + this.#world.schedule.now + this.clockOffset;

  get authority(): string {
    return simulatedAuthority(this.site.id).certificatePem;
  }

  /** The processes that are down begin to start. */
  start(): void {
    if (this.retired) return;
    for (const process of this.processes) process.start();
  }

  /** Its real store, which the first of its processes opens. */
  opened(): Promise<Store> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Store> {
    const { quiet, witness } = this.#world;
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
    await quiet.during(() => witness.onOpened(this, real.reader, this.#opens));
    this.#opens = 'as-it-was';
    return real;
  }

  /** The next one opens it anew where this was the last. */
  processEnded(): void {
    if (this.state === 'down') this.#opening = undefined;
  }

  /** What lies in its directory is what a restore left that was killed. */
  get halfRestored(): boolean {
    return this.#opens === 'half-restored';
  }

  /** What an administrator does at this server's console, at whichever process answers. */
  ask<N extends PeopleCallName>(name: N, request: PeopleRequest<N>): Promise<PeopleAnswer<N>> {
    return this.#anyRunning().call(({ people }) => {
      const run = people[name] as unknown as (caller: unknown, asked: unknown) => Promise<PeopleAnswer<N>>;
      return run(ADMINISTRATOR, request);
    });
  }

  /** Something somebody does at this server, for as long as that life of it lasts: all of it at one process. */
  call<T>(work: (server: AdministrationServer) => Promise<T>): Promise<T> {
    return this.#anyRunning().call(work);
  }

  #anyRunning(): ServerProcess {
    const { running } = this;
    return running.length > 1 ? this.#turns.pick(running) : (running[0] ?? this.processes[0]!);
  }

  /** All of it. */
  crash(): void {
    for (const { life } of this.processes) life.end();
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
    for (const process of this.processes) await process.stop();
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
