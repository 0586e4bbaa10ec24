/**
 * `npm start`: an organisation on this machine. Starts real servers for a root and two branches, joins them, enrols a
 * device at each branch, lets data travel, and tells the story as it happens. Everything is done through the command
 * line, as a customer would.
 *
 * `npm start -- --once` stops everything at the end and exits 0. Ctrl-C leaves nothing behind. `npm start -- --cluster`
 * tells another story, of one server past one machine (`cluster.ts`).
 */
import { access, copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  dataOf,
  enrolDevice,
  Failure,
  joinBranch,
  keystair,
  type Organisation,
  startServers,
  stateOf,
  stopServers,
  waitForKeys,
} from './processes.ts';
import { addPeople, howToSignIn, rolesOf } from './people.ts';

/** Where Debian keeps cryptsetup; often not on a person's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];
/** A LUKS2 header takes 16 MiB; the image is sparse. */
const DRIVE_BYTES = 64 * 1024 * 1024;
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let step = 0;

/** Runs one step of the story and tells how long it took and what came of it. */
async function tell<T>(what: string, work: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
  const began = performance.now();
  const result = await work();
  step += 1;
  say(`${String(step).padStart(2)}. ${what}`);
  say(`    ${outcome(result)}  [${((performance.now() - began) / 1000).toFixed(2)} s]`);
  return result;
}
async function hasCryptsetup(): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, 'cryptsetup'))));
  return found.some(({ status }) => status === 'fulfilled');
}

async function fileTravels(organisation: Organisation): Promise<void> {
  const plan = join(organisation.folder, 'plan.txt');
  const sealed = join(organisation.folder, 'oslo-outbox', 'plan.txt.age');
  const mailed = join(organisation.folder, 'lyon-inbox', 'plan.txt.age');
  const opened = join(organisation.folder, 'lyon-inbox', 'plan.txt');
  for (const folder of ['oslo-outbox', 'lyon-inbox']) await mkdir(join(organisation.folder, folder));
  await writeFile(plan, 'The new store opens on the first of May.\n');
  const { key } = await tell(
    'laptop-oslo encrypts a file, after its server acknowledged the key',
    () =>
      keystair(organisation, [
        'agent',
        'encrypt-file',
        plan,
        sealed,
        '--state',
        stateOf(organisation, 'laptop-oslo'),
      ]),
    (document) => `key ${String(document['key'])}: laptop-oslo -> Oslo, then by itself -> Headquarters`,
  );
  await waitForKeys(organisation, 1);
  await copyFile(sealed, mailed);
  await tell(
    'The file is mailed to Lyon, where laptop-lyon opens it',
    async () => {
      await keystair(organisation, [
        'agent',
        'decrypt-file',
        mailed,
        opened,
        '--state',
        stateOf(organisation, 'laptop-lyon'),
      ]);
      if ((await readFile(opened, 'utf8')) !== (await readFile(plan, 'utf8')))
        throw new Failure('the file came out otherwise');
    },
    () => `key ${String(key)}: Headquarters -> Lyon; only this one file's key -> laptop-lyon`,
  );
}

async function driveTravels(organisation: Organisation): Promise<void> {
  if (!(await hasCryptsetup())) {
    say('    (A drive would travel next, but cryptsetup is not installed: apt-get install cryptsetup-bin)');
    return;
  }
  const stick = join(organisation.folder, 'stick.img');
  await writeFile(stick, '');
  await truncate(stick, DRIVE_BYTES);
  await tell(
    'laptop-oslo formats a LUKS2 stick; its key is in custody before a byte is written',
    () =>
      keystair(organisation, [
        'agent',
        'format-drive',
        stick,
        '--label',
        'Kari blue',
        '--state',
        stateOf(organisation, 'laptop-oslo'),
      ]),
    (document) => `drive ${String(document['uuid'])}, key ${String(document['key'])} -> Oslo -> Headquarters`,
  );
  await waitForKeys(organisation, 2);
  await tell(
    'The stick travels to Lyon and is plugged into laptop-lyon',
    () =>
      keystair(organisation, [
        'agent',
        'open-drive',
        stick,
        '--test',
        '--state',
        stateOf(organisation, 'laptop-lyon'),
      ]),
    (document) => `it opens: key from ${String(document['source'])}, kept by Lyon from now on`,
  );
}

async function laptopMoves(organisation: Organisation): Promise<void> {
  const { invitation } = await keystair(organisation, [
    'devices',
    'invite',
    '--data',
    dataOf(organisation, 'Lyon'),
  ]);
  await tell(
    'laptop-oslo moves to the Lyon branch for good',
    () =>
      keystair(
        organisation,
        ['agent', 'enrol', '-', '--state', stateOf(organisation, 'laptop-oslo')],
        String(invitation),
      ),
    (document) => {
      const keys = document['keys'] as { needed: number; obtained: number };
      return `it needed ${keys.needed} keys, Lyon shows all ${keys.obtained} of them, so it is Lyon's device now`;
    },
  );
}

function whatToTry(organisation: Organisation): void {
  const lyon = dataOf(organisation, 'Lyon');
  say('');
  say('The three servers are running. Try, in another terminal:');
  for (const command of [
    `bin/keystair hierarchy show --data ${dataOf(organisation, 'Headquarters')}`,
    `bin/keystair keys list --data ${lyon}`,
    `bin/keystair devices list --data ${dataOf(organisation, 'Oslo')}`,
    `bin/keystair keys explain --file ${join(organisation.folder, 'lyon-inbox', 'plan.txt.age')} --data ${lyon}`,
    `bin/keystair server settings --use-hierarchy off --data ${lyon}`,
    `bin/keystair server verify --data ${lyon}`,
    `bin/keystair --help`,
  ]) {
    say(`  ${command}`);
  }
}

/** @returns how to go on in a browser. */
async function tellStory(organisation: Organisation): Promise<readonly string[]> {
  const addresses = await tell(
    'Three Administration Servers start: Headquarters, Oslo, Lyon',
    () => startServers(organisation),
    (started) =>
      `they listen on ${Object.values(started)
        .map(({ listen }) => listen)
        .join(', ')}`,
  );
  await tell(
    'Headquarters switches on "Use hierarchy of Administration Servers to obtain encryption keys"',
    () =>
      keystair(organisation, [
        'server',
        'settings',
        '--use-hierarchy',
        'on',
        '--data',
        dataOf(organisation, 'Headquarters'),
      ]),
    () => 'nothing moves until the other end has it on, too',
  );
  await tell(
    'Oslo and Lyon join by one-time invitations, with the option on',
    () => Promise.all([joinBranch(organisation, 'Oslo'), joinBranch(organisation, 'Lyon')]),
    () =>
      "each pinned the fingerprint of Headquarters' authority; links are TLS 1.3 with certificates on both sides",
  );
  await tell(
    'A device is enrolled at each branch: laptop-oslo and laptop-lyon',
    () =>
      Promise.all([
        enrolDevice(organisation, 'Oslo', 'laptop-oslo'),
        enrolDevice(organisation, 'Lyon', 'laptop-lyon'),
      ]),
    () => 'each made its own key pair; the servers keep only public keys of them',
  );
  await fileTravels(organisation);
  await driveTravels(organisation);
  await laptopMoves(organisation);
  const newcomers = await tell(
    'Two people get their roles at Headquarters',
    () => addPeople(organisation),
    (added) => `${rolesOf(added)}; each has the rights of their role and no others`,
  );
  return howToSignIn(organisation, addresses, newcomers);
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const once = args.includes('--once');
  const unknown = args.find((arg) => arg !== '--once' && arg !== '--cluster');
  if (unknown !== undefined) {
    process.stderr.write(`unknown option ${unknown}; there are --once and --cluster\n`);
    return 2;
  }
  if (args.includes('--cluster')) return (await import('./cluster.ts')).showCluster(once);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const folder = await mkdtemp(join(tmpdir(), 'keystair-'));
  const organisation: Organisation = { folder, stop: stop.signal, servers: new Map() };
  const began = performance.now();
  try {
    say(`An organisation on this machine, in ${folder}\n`);
    const signIn = await tellStory(organisation);
    say(`\nAll of it took ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    if (once) return 0;
    whatToTry(organisation);
    say(['', ...signIn, '', 'Ctrl-C stops everything and leaves nothing behind.'].join('\n'));
    await new Promise<void>((done) => {
      if (stop.signal.aborted) done();
      else stop.signal.addEventListener('abort', () => done(), { once: true });
    });
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`\nThis did not work: ${error.message}\n`);
    return 1;
  } finally {
    await stopServers(organisation);
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
