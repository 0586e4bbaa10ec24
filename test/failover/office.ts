/** One server of three processes behind HAProxy, over databases that fail over; a secondary below it; devices at both. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { enrol } from '#agent/main.ts';
import { connectToServer } from '#cli/data-directory.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import { eventually } from '../support/eventually.ts';
import { everyKeyId } from '../support/every-key-id.ts';
import { freePort } from '../support/free-port.ts';
import { missingPackages } from '../support/missing-packages.ts';
import { postgresPrograms } from '../support/postgres-programs.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { directoryBeside } from '../support/several-processes.ts';
import { createDatabase, Databases } from './databases.ts';
import { CONSOLE_HOST, makeFront } from './front.ts';
import { keepRunning, Service } from './kept-running.ts';
import { Shared, Worker } from './work.ts';

const PROGRAMS = { patroni: 'patroni', etcd: 'etcd-server', haproxy: 'haproxy' } as const;
const PROCESSES = 3;
const DEVICES = 16;
/** Every so many devices belong to the secondary. */
const OF_SECONDARY = 4;
const KEYSTAIR = join(import.meta.dirname, '../../bin/keystair');
const LOOKS_MAX = 600;
const BETWEEN_MS = 200;

export interface Office {
  readonly databases: Databases;
  readonly front: Service;
  readonly processes: readonly Service[];
  /** All that a service manager would keep running. */
  readonly services: readonly Service[];
  /** Their data directories. */
  readonly directories: readonly string[];
  readonly secondary: RunningServer;
  readonly workers: readonly Worker[];
  readonly shared: Shared;
  /** The server, at whichever process answers. */
  readonly ask: <T>(question: (call: PeopleClient) => Promise<T>) => Promise<T>;
  readonly askSecondary: PeopleClient;
  stop(): Promise<void>;
}

/** Of Debian's packages. */
export function missingForOffice(): readonly string[] {
  return [...missingPackages(PROGRAMS), ...(postgresPrograms() === undefined ? ['postgresql'] : [])];
}

export async function openOffice(
  folder: string,
  programs: string,
  say: (text: string) => void,
): Promise<Office> {
  const databases = await Databases.start(folder, programs);
  const [first] = databases.members;
  await comes('a database leads', async () => databases.members.some((one) => createDatabase(programs, one)));
  await databases.whole();
  say('three PostgreSQL stand, and one of them confirms what the first one commits');
  const hosts = databases.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const url = `postgres://keystair@${hosts}/keystair`;
  const frontPort = await freePort();
  const behind = await Promise.all(
    Array.from({ length: PROCESSES }, async () => ({
      machines: `127.0.0.1:${await freePort()}`,
      people: `127.0.0.1:${await freePort()}`,
    })),
  );
  const front = makeFront(folder, frontPort, behind);
  front.start();
  const config = join(folder, 'server.json');
  writeFileSync(config, JSON.stringify({ console: { url: `https://${CONSOLE_HOST}` } }), { mode: 0o600 });
  const directories = behind.map((_, at) => join(folder, `process-${at}`));
  const processes = behind.map(
    ({ machines, people }, at) =>
      new Service({
        name: `process ${at}`,
        program: KEYSTAIR,
        args: [
          'server',
          'start',
          '--data',
          directories[at]!,
          '--name',
          'Headquarters',
          '--listen',
          machines,
        ].concat([
          '--address',
          `127.0.0.1:${frontPort}`,
          '--console',
          people,
          '--database',
          url,
          '--config',
          config,
        ]),
        log: join(folder, `process-${at}.log`),
      }),
  );
  const calls = directories.map((directory) => connectWhenThere(directory));
  const ask = async <T>(question: (call: PeopleClient) => Promise<T>): Promise<T> => {
    let last: unknown;
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      for (const connect of calls) {
        try {
          return await question(await connect());
        } catch (error) {
          last = error;
        }
      }
      await sleep(BETWEEN_MS);
    }
    throw last;
  };
  processes[0]!.start();
  await ask((call) => call('serverStatus', {}));
  for (const [at, directory] of directories.entries()) {
    if (at === 0) continue;
    directoryBeside(directories[0]!, directory);
    processes[at]!.start();
  }
  await comes('three processes serve', async () => {
    const { processes: shown } = await ask((call) => call('serverStatus', {}));
    return shown.filter(({ address }) => address !== null).length === PROCESSES;
  });
  await comes('HAProxy found a process', () => answersAt(frontPort));
  const secondary = await startServer(join(folder, 'branch'), ['--name', 'Branch'], {
    onProcess: (started) => process.once('exit', () => started.kill('SIGKILL')),
  });
  const askSecondary = await connectToServer(secondary.data);
  const { invitation } = await ask((call) => call('inviteSecondary', { dmz: false }));
  await askSecondary('joinHierarchy', { invitation });
  await ask((call) => call('changeSettings', { useHierarchy: true }));
  await askSecondary('changeSettings', { useHierarchy: true });

  const shared = new Shared();
  const workers: Worker[] = [];
  for (let n = 0; n < DEVICES; n += 1) {
    const name = `device-${n}`;
    const state = join(folder, name);
    const invited =
      n % OF_SECONDARY === 0
        ? await askSecondary('inviteDevice', {})
        : await ask((call) => call('inviteDevice', {}));
    await enrol({ state, invitation: invited.invitation, name });
    workers.push(new Worker(name, state, folder, shared));
  }
  say(
    `three processes behind HAProxy, a secondary and ${DEVICES} devices are at work (database of ${first!.name} was first)`,
  );
  return {
    databases,
    front,
    processes,
    services: [...databases.members.map(({ patroni }) => patroni), databases.etcd, front, ...processes],
    directories,
    secondary,
    workers,
    shared,
    ask,
    askSecondary,
    async stop() {
      await secondary.stop();
      await Promise.all(processes.map((process) => process.kill()));
      await front.kill();
      await databases.stop();
    },
  };
}

/** Everybody works, and what ends is started again, until it is stopped. @param resting services that are left alone. */
export async function atWork(
  { services, workers }: Office,
  resting: ReadonlySet<Service>,
  stop: AbortSignal,
): Promise<void> {
  const working = workers.map((worker) => worker.run(stop));
  await Promise.all([keepRunning(services, resting, stop), ...working]);
}

/** Keys that were acknowledged and that the server does not have. */
export async function lostKeys({ ask, shared }: Office): Promise<readonly string[]> {
  const there = await ask(async (call) => new Set(await everyKeyId(call)));
  return [...shared.acknowledged].filter((id) => !there.has(id));
}

/** The socket is there once the process has started. */
function connectWhenThere(directory: string): () => Promise<PeopleClient> {
  let known: Promise<PeopleClient> | undefined;
  return () => {
    known ??= connectToServer(directory);
    known.catch(() => (known = undefined));
    return known;
  };
}

/** Without a process behind it, HAProxy ends a connection at once. */
function answersAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** What cannot be asked yet has not come yet. */
function comes(what: string, look: () => Promise<boolean>): Promise<boolean> {
  return eventually(what, () => look().catch(() => false));
}
