/**
 * Three PostgreSQL under Patroni and etcd, Debian's packages, as operators run them: one leads, the others follow, and one of
 * them confirms every commit.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { Service } from './kept-running.ts';

/** Nobody's. */
const NOBODY = 65_534;
const MEMBERS = ['one', 'two', 'three'] as const;
const READY_MS_MAX = 180_000;
const BETWEEN_MS = 250;

/** As Patroni's own page of a member tells it. */
interface MemberState {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

export interface DatabaseMember {
  readonly name: string;
  readonly patroni: Service;
  readonly folder: string;
  readonly port: number;
  readonly restPort: number;
}

export class Databases {
  readonly etcd: Service;
  readonly members: readonly DatabaseMember[];

  constructor(etcd: Service, members: readonly DatabaseMember[]) {
    this.etcd = etcd;
    this.members = members;
  }

  /** @param programs PostgreSQL's. */
  static async start(folder: string, programs: string): Promise<Databases> {
    const [clients, peers] = [await freePort(), await freePort()];
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const etcd = new Service({
      name: 'etcd',
      program: 'etcd',
      args: [
        ['--name', 'etcd'],
        ['--data-dir', join(folder, 'etcd')],
        ['--listen-client-urls', url(clients)],
        ['--advertise-client-urls', url(clients)],
        ['--listen-peer-urls', url(peers)],
        ['--initial-advertise-peer-urls', url(peers)],
        ['--initial-cluster', `etcd=${url(peers)}`],
      ].flat(),
      log: join(folder, 'etcd.log'),
    });
    etcd.start();
    const members = await Promise.all(MEMBERS.map((name) => makeMember(folder, programs, name, clients)));
    for (const { patroni } of members) patroni.start();
    const databases = new Databases(etcd, members);
    process.once('exit', () => {
      for (const member of members) databases.killPostgres(member);
    });
    return databases;
  }

  /** Whose place others have taken meanwhile cannot say so itself. */
  async states(): Promise<readonly MemberState[]> {
    for (const { restPort } of this.members) {
      try {
        const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`, {
          signal: AbortSignal.timeout(2000),
        });
        return ((await answer.json()) as { members: MemberState[] }).members;
      } catch {
        // The next one.
      }
    }
    return [];
  }

  /** All of them are there, or as many as still can be, and one of the followers confirms. @returns the one that leads. */
  async whole(count: number = MEMBERS.length): Promise<DatabaseMember> {
    for (const until = Date.now() + READY_MS_MAX; ; await sleep(BETWEEN_MS)) {
      const states = await this.states();
      const running = states.filter(({ state }) => state === 'running' || state === 'streaming');
      const [leader, other] = running.filter(isLeader);
      const isConfirmed = running.some(({ role }) => role === 'sync_standby');
      if (leader !== undefined && other === undefined && running.length === count && isConfirmed)
        return this.members.find(({ name }) => name === leader.name)!;
      if (Date.now() > until) throw new Error(`the databases are not whole: ${JSON.stringify(states)}`);
    }
  }

  /** Kills a member's PostgreSQL with everything that belongs to it. Patroni starts it again, or another one leads. */
  killPostgres({ folder }: DatabaseMember): void {
    const path = join(folder, 'data', 'postmaster.pid');
    if (!existsSync(path)) return;
    const pid = Number(readFileSync(path, 'utf8').split('\n')[0]);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was gone already.
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ patroni }) => patroni.kill('SIGTERM')));
    await this.etcd.kill();
    for (const member of this.members) this.killPostgres(member);
  }
}

function isLeader({ role }: MemberState): boolean {
  return role === 'leader' || role === 'master';
}

async function makeMember(
  folder: string,
  programs: string,
  name: string,
  etcdPort: number,
): Promise<DatabaseMember> {
  const [port, restPort] = [await freePort(), await freePort()];
  const own = join(folder, name);
  mkdirSync(own, { mode: 0o700 });
  const access = 'trust';
  const config = {
    scope: 'keystair',
    name,
    restapi: { listen: `127.0.0.1:${restPort}`, connect_address: `127.0.0.1:${restPort}` },
    etcd3: { hosts: [`127.0.0.1:${etcdPort}`] },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 1,
        retry_timeout: 3,
        synchronous_mode: true,
        synchronous_mode_strict: true,
        postgresql: {
          // A member that went another way keeps what it has, and is looked at by a person.
          use_pg_rewind: false,
          parameters: { max_connections: 100, shared_buffers: '32MB', wal_keep_size: '512MB' },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }],
      pg_hba: [`host all all 127.0.0.1/32 ${access}`, `host replication all 127.0.0.1/32 ${access}`],
    },
    postgresql: {
      listen: `127.0.0.1:${port}`,
      connect_address: `127.0.0.1:${port}`,
      data_dir: join(own, 'data'),
      bin_dir: programs,
      pgpass: join(own, 'pgpass'),
      authentication: {
        superuser: { username: 'keystair', password: 'loopback' },
        replication: { username: 'replicator', password: 'loopback' },
      },
      parameters: { unix_socket_directories: own },
    },
  };
  // JSON is YAML.
  const file = join(own, 'patroni.yml');
  writeFileSync(file, JSON.stringify(config));
  if (process.getuid?.() === 0) for (const path of [own, file]) chownSync(path, NOBODY, NOBODY);
  const uid = process.getuid?.() === 0 ? NOBODY : undefined;
  const patroni = new Service({
    name: `patroni ${name}`,
    program: 'patroni',
    args: [file],
    log: join(folder, `patroni-${name}.log`),
    uid,
    env: { HOME: own },
  });
  return { name, patroni, folder: own, port, restPort };
}

/** Makes the database that the server uses. */
export function createDatabase(programs: string, { port }: DatabaseMember): boolean {
  const made = spawnSync(
    join(programs, 'createdb'),
    ['-h', '127.0.0.1', '-p', String(port), '-U', 'keystair', '-E', 'UTF8', '-T', 'template0', 'keystair'],
    { encoding: 'utf8' },
  );
  return made.status === 0 || made.stderr.includes('already exists');
}
