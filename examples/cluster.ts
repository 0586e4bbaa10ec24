/**
 * `npm start -- --cluster`: one server past one machine. Three PostgreSQL under Patroni and etcd, three processes of the
 * server behind HAProxy, a secondary, and sixteen devices at work; then the database that leads dies, and a process.
 * What stands there is what `npm run cluster` breaks at random.
 */
import { chmod, mkdtemp } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atWork, lostKeys, missingForOffice, type Office, openOffice } from '../test/failover/office.ts';
import type { Service } from '../test/failover/kept-running.ts';
import { goesOn } from '../test/failover/work.ts';
import { postgresPrograms } from '../test/support/postgres-programs.ts';

const INTERRUPTED = 130;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function goneOn(office: Office): Promise<void> {
  const { workers, shared } = office;
  const ms = await goesOn(workers, shared);
  const { length: lost } = await lostKeys(office);
  if (lost > 0) shared.faults.push(`${lost} acknowledged keys are lost`);
  say(`    every device went on within ${(ms / 1000).toFixed(1)} s`);
  say(`    ${shared.acknowledged.size} keys were acknowledged so far; lost: ${lost}`);
}

async function tellStory(office: Office, resting: Set<Service>): Promise<void> {
  const { databases, processes, workers, shared } = office;
  await goesOn(workers, shared);
  const leader = await databases.whole();
  say(
    `Sixteen devices take keys into custody and open each other's files: ${shared.acknowledged.size} keys so far.`,
  );
  say(`\nkill -9 of the PostgreSQL that leads, "${leader.name}", and of its Patroni: the machine is gone`);
  resting.add(leader.patroni);
  await leader.patroni.kill();
  databases.killPostgres(leader);
  const next = await databases.whole(databases.members.length - 1);
  say(`    "${next.name}" leads now, and the third one confirms its commits`);
  await goneOn(office);
  resting.delete(leader.patroni);
  await databases.whole();
  say(`    "${leader.name}" was started again, and follows`);
  say(`\nkill -9 of ${processes[0]!.name} of the server; HAProxy and the devices find the others`);
  await processes[0]!.kill();
  await goneOn(office);
}

function whatToTry(folder: string, { directories, databases }: Office): void {
  const [first] = directories;
  say('\nAll of it is running. Try, in another terminal:');
  for (const command of [
    `bin/keystair server status --data ${first}`,
    `bin/keystair server verify --data ${first}`,
    `bin/keystair keys list --data ${first}`,
    `patronictl -c ${join(databases.members[0]!.folder, 'patroni.yml')} list`,
    `less ${join(folder, 'haproxy.cfg')}`,
  ])
    say(`  ${command}`);
  say('\nCtrl-C stops everything and leaves nothing behind. docs/POSTGRESQL.md says how to run it for good.');
}

/** @param once ends after the story. @returns the exit code. */
export async function showCluster(once: boolean): Promise<number> {
  const programs = postgresPrograms();
  const missing = missingForOffice();
  if (programs === undefined || missing.length > 0) {
    process.stderr.write(
      `This needs packages that are not installed: apt-get install ${missing.join(' ')}\n`,
    );
    return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'keystair-cluster-'));
  // PostgreSQL runs as somebody else.
  await chmod(folder, 0o755);
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const stopped = new AbortController();
  let isStanding = false;
  const interrupt = (): void => {
    if (isStanding) return stopped.abort();
    // At the exit all that was started is killed first.
    process.once('exit', remove);
    process.exit(INTERRUPTED);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  say(`One server past one machine, in ${folder}; it takes a minute or two until all of it stands.\n`);
  const office = await openOffice(folder, programs, say);
  const ends = new AbortController();
  const { shared } = office;
  const resting = new Set<Service>();
  const working = atWork(office, resting, ends.signal);
  try {
    await tellStory(office, resting);
    for (const fault of shared.faults) say(`This went wrong: ${fault}`);
    if (once || shared.faults.length > 0) return shared.faults.length === 0 ? 0 : 1;
    isStanding = true;
    whatToTry(folder, office);
    await new Promise<void>((done) => stopped.signal.addEventListener('abort', () => done(), { once: true }));
    return 0;
  } finally {
    ends.abort();
    await working;
    await office.stop();
    remove();
  }
}
