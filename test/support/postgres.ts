/**
 * A real PostgreSQL for tests, Debian's. One instance a process of tests, on a socket of its own, stopped when the process
 * ends; each test gets a database of its own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '#domain/errors.ts';
import { connectToPrimary } from '#store/postgres/hosts.ts';
import type { DatabasePlace } from '#store/postgres/place.ts';
import { type Row, Session } from '#store/postgres/session.ts';

const START_MS_MAX = 60_000;
/** Nobody's: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

function identity(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

export class PostgresInstance {
  readonly #programs: string;
  readonly folder: string;
  readonly port: number;
  #process: ChildProcess | undefined;
  readonly #emptied: DatabasePlace[] = [];
  #databases = 0;

  constructor(programs: string, folder: string, port: number) {
    this.#programs = programs;
    this.folder = folder;
    this.port = port;
  }

  /** @param runs false: made, and not started yet. */
  static async start(
    programs: string,
    settings: readonly string[] = [],
    runs = true,
  ): Promise<PostgresInstance> {
    const folder = mkdtempSync(join(tmpdir(), 'keystair-pg-'));
    const { uid, gid } = identity();
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    const instance = new PostgresInstance(programs, folder, 5432);
    instance.#make();
    if (runs) await instance.run(settings);
    return instance;
  }

  #make(): void {
    const data = join(this.folder, 'data');
    const made = spawnSync(
      join(this.#programs, 'initdb'),
      ['-D', data, '-U', 'keystair', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      { ...identity(), encoding: 'utf8', cwd: this.folder },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
  }

  /** A standby of this instance, made and not started yet: a copy that streams what follows. */
  async standby(): Promise<PostgresInstance> {
    const folder = mkdtempSync(join(tmpdir(), 'keystair-pg-'));
    const { uid, gid } = identity();
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    const from = ['-h', this.folder, '-p', String(this.port), '-U', 'keystair'];
    const made = spawnSync(
      join(this.#programs, 'pg_basebackup'),
      [...from, '-D', join(folder, 'data'), '-R', '-X', 'stream', '-c', 'fast', '--no-sync'],
      { ...identity(), encoding: 'utf8', cwd: folder },
    );
    if (made.status !== 0) throw new Error(`pg_basebackup failed: ${made.error?.message ?? made.stderr}`);
    return new PostgresInstance(this.#programs, folder, this.port);
  }

  /** A question to this very instance, be it primary or standby. */
  async ask(question: string, database = 'postgres'): Promise<readonly Row[]> {
    const place = this.place(database);
    const session = await Session.connect(place, place.hosts[0]!);
    try {
      return (await session.query(question)).rows;
    } finally {
      await session.end();
    }
  }

  /** Starts the program; resolves when it answers. */
  async run(settings: readonly string[] = [], isSafe = true): Promise<void> {
    const options = [
      `unix_socket_directories=${this.folder}`,
      'listen_addresses=',
      'max_connections=200',
      'shared_buffers=32MB',
      ...settings,
    ];
    this.#process = spawn(
      join(this.#programs, 'postgres'),
      ['-D', join(this.folder, 'data'), ...options.flatMap((option) => ['-c', option])],
      {
        ...identity(),
        stdio: 'ignore',
        cwd: this.folder,
      },
    );
    for (const until = Date.now() + START_MS_MAX; ; await sleep(50)) {
      try {
        await (await connectToPrimary(this.place('postgres'))).end();
        return;
      } catch (error) {
        if (existsSync(join(this.folder, 'data', 'standby.signal')) && (await this.#answers())) return;
        if (!isSafe && codeOf(error) === 'database-unsafe') return;
        if (Date.now() > until || this.#process.exitCode !== null) throw error;
      }
    }
  }

  async #answers(): Promise<boolean> {
    return this.ask('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  place(database: string): DatabasePlace {
    return {
      hosts: [{ host: this.folder, port: this.port }],
      user: 'keystair',
      database,
      password: undefined,
      ca: undefined,
    };
  }

  /** An empty database. Making one costs a checkpoint, so one that was emptied is used again. */
  async newDatabase(): Promise<DatabasePlace> {
    const emptied = this.#emptied.pop();
    if (emptied !== undefined) return emptied;
    const name = `test_${(this.#databases += 1)}`;
    const session = await connectToPrimary(this.place('postgres'));
    await session.query(`CREATE DATABASE ${name}`);
    await session.end();
    return this.place(name);
  }

  async emptyDatabase(place: DatabasePlace): Promise<void> {
    const session = await connectToPrimary(place);
    await session.query('DROP SCHEMA IF EXISTS keystair CASCADE');
    await session.end();
    this.#emptied.push(place);
  }

  /** @param signal SIGINT ends it at once and in order, SIGKILL as a crash does. */
  async stop(signal: 'SIGINT' | 'SIGKILL' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The URL of an empty database of that instance, as people name it. */
export async function newDatabaseUrl(instance: PostgresInstance): Promise<string> {
  const { hosts, user, database } = await instance.newDatabase();
  return `postgres://${user}@${encodeURIComponent(hosts[0]!.host)}/${database}`;
}

let shared: Promise<PostgresInstance> | undefined;

/** The instance that the tests of this file share. */
export function sharedPostgres(programs: string): Promise<PostgresInstance> {
  shared ??= PostgresInstance.start(programs);
  return shared;
}

after(async () => (await shared)?.remove());
