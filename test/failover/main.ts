/**
 * One server of three processes over three PostgreSQL under Patroni and etcd, while one thing after another is killed.
 *
 *   npm run cluster -- [--rounds N] [--budget 300s, from the first round on] [--seed N] [--keep]
 *
 * Each round kills one of them with SIGKILL: a PostgreSQL, a machine with PostgreSQL and Patroni, a process of the server,
 * etcd, HAProxy. It is started again as a service manager would. Sixteen devices take keys into custody and open each
 * other's files all the while. At the end every key that was acknowledged is there, and everything opens. Exit code 1
 * where something was lost, refused for good, or never answered; then the folder with what everybody logged is kept.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDice, type Dice } from '../simulation/world/dice.ts';
import { postgresPrograms } from '../support/postgres-programs.ts';
import { budgetMs, readingArguments, textsOf, wholeNumber } from '../support/tool-options.ts';
import { atWork, lostKeys, missingForOffice, type Office, openOffice } from './office.ts';
import { goesOn } from './work.ts';

const ROUNDS = 20;
/** Fewer show nothing, however slow the machine is. */
const ROUNDS_MIN = 5;

const options = readingArguments(() => {
  const values = textsOf({
    rounds: { type: 'string' },
    budget: { type: 'string' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
  });
  return {
    rounds: wholeNumber(values, 'rounds', { min: 1 }) ?? ROUNDS,
    budget: budgetMs(values),
    seed: wholeNumber(values, 'seed') ?? Math.floor(Math.random() * 1_000_000),
    keep: values.keep,
  };
});

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

type Fault = 'PostgreSQL' | 'a machine with its database' | 'a process' | 'etcd' | 'HAProxy';
const FAULTS: readonly Fault[] = [
  'PostgreSQL',
  'PostgreSQL',
  'a machine with its database',
  'a process',
  'a process',
  'etcd',
  'HAProxy',
];

async function strike(office: Office, fault: Fault, dice: Dice): Promise<string> {
  const { databases, front, processes } = office;
  switch (fault) {
    case 'PostgreSQL': {
      const member = dice.pick(databases.members);
      databases.killPostgres(member);
      return `PostgreSQL ${member.name}`;
    }
    case 'a machine with its database': {
      const member = dice.pick(databases.members);
      await member.patroni.kill();
      databases.killPostgres(member);
      return `Patroni and PostgreSQL ${member.name}`;
    }
    case 'a process': {
      const one = dice.pick(processes);
      await one.kill();
      return one.name;
    }
    case 'etcd':
      await databases.etcd.kill();
      return 'etcd';
    case 'HAProxy':
      await front.kill();
      return 'HAProxy';
  }
}

async function judge(office: Office): Promise<void> {
  const { ask, askSecondary, shared } = office;
  await askSecondary('heartbeatNow', {});
  const lost = await lostKeys(office);
  if (lost.length > 0) shared.faults.push(`${lost.length} acknowledged keys are lost, the first ${lost[0]}`);
  const { problems } = await ask((call) => call('verify', {}));
  for (const problem of problems) shared.faults.push(`verify: ${JSON.stringify(problem)}`);
}

async function run(): Promise<number> {
  const programs = postgresPrograms();
  const missing = missingForOffice();
  if (programs === undefined || missing.length > 0) {
    say(`not run: install ${missing.join(', ')}`);
    return process.env['CI'] === undefined ? 0 : 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'keystair-failover-'));
  // PostgreSQL runs as somebody else.
  chmodSync(folder, 0o755);
  const office = await openOffice(folder, programs, say);
  const begun = performance.now();
  const ends = new AbortController();
  const { databases, services, workers, shared } = office;
  const working = atWork(office, new Set(), ends.signal);
  const dice = createDice(options.seed, 'faults');
  let rounds = 0;
  try {
    await goesOn(workers, shared);
    for (; rounds < options.rounds; rounds += 1) {
      if (performance.now() - begun > options.budget) break;
      const struck = await strike(office, dice.pick(FAULTS), dice);
      const ms = await goesOn(workers, shared);
      say(`${struck} was killed: every device went on after ${(ms / 1000).toFixed(1)} s`);
      await databases.whole();
    }
    ends.abort();
    await working;
    for (const service of services) service.start();
    await judge(office);
  } catch (error) {
    shared.faults.push(String(error));
  } finally {
    ends.abort();
    await working;
    await office.stop();
  }
  if (rounds < Math.min(ROUNDS_MIN, options.rounds)) shared.faults.push(`only ${rounds} rounds fit the time`);
  say(
    `${rounds} rounds with the seed ${options.seed}: ${shared.acknowledged.size} keys acknowledged, ${shared.lookups} files opened for others, the longest after ${(shared.longestMs / 1000).toFixed(1)} s`,
  );
  for (const fault of shared.faults.slice(0, 50)) say(`FAULT: ${fault}`);
  if (shared.faults.length === 0 && !options.keep) rmSync(folder, { recursive: true, force: true });
  else say(`what everybody logged is in ${folder}`);
  return shared.faults.length === 0 ? 0 : 1;
}

process.exitCode = await run();
