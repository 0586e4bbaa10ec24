/** P6 and P7: every key of a branch into a file sealed to another server, and from the file into that server. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { makeAgeIdentity } from '#crypto/age-identity.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { rawRowsASecond } from '../reference/references.ts';
import { ageBytesASecond } from '../reference/stock-age.ts';
import { type CommandRun, runCommand } from '../servers/command-run.ts';
import { makeRepository, type MadeRepository } from '../servers/make-repository.ts';
import { lookInto, type ServerProcess, startServer } from '../servers/server-process.ts';
import { median, type Row } from '../table.ts';
import { peakMemoryOf, processorSecondsOf } from '../workplace.ts';
import type { BenchRun } from './bench-run.ts';
import { requireCount } from './turns.ts';

/** The goal for each process, whatever the number of keys. */
const MEMORY_BYTES_GOAL = 200e6;
const PASSWORD = 'plum-river-candle-9-otter';

function memoryNotes(memory: Readonly<Record<string, number>>): string[] {
  return Object.entries(memory)
    .filter(([, bytes]) => bytes > MEMORY_BYTES_GOAL)
    .map(([name]) => `memory of the ${name} is ABOVE its goal of ${MEMORY_BYTES_GOAL / 1e6} MB`);
}

export async function measureByHand(run: BenchRun, branch: MadeRepository): Promise<Row[]> {
  const { workplace } = run;
  const { only } = run.options;
  const target = await makeRepository({
    data: workplace.place('target'),
    name: 'target',
    keys: 0,
    devices: 0,
    useHierarchy: false,
  });
  const from = await startServer(workplace, branch.data);
  const to = await startServer(workplace, target.data);
  try {
    const file = workplace.place('branch.age');
    // X25519: what age 1.1 of Debian knows too.
    const recipient = (await to.people('serverStatus', {})).recipients.find(
      (one) => !one.startsWith('age1pq1'),
    )!;
    const rows: Row[] = [];
    const exported = await exportedTo(run, from, recipient, file);
    if (only.has('P6')) rows.push(await exportRow(run, branch, from, exported));
    if (only.has('P7')) rows.push(await importRow(run, branch, to, file));
    await rm(file);
    return rows;
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
}

interface Exported {
  readonly command: CommandRun;
  readonly count: number;
  readonly bytes: number;
  readonly serverProcessorSeconds: number;
}

async function exportedTo(
  { workplace, say }: BenchRun,
  from: ServerProcess,
  recipient: string,
  file: string,
): Promise<Exported> {
  const { keys } = await from.people('serverStatus', {});
  say(`P6: export of ${keys.toLocaleString('en')} keys`);
  const before = processorSecondsOf(from.process);
  const args = ['keys', 'export', '--out', file, '--to', recipient, '--data', from.data];
  const command = await runCommand(workplace, args);
  const serverProcessorSeconds = processorSecondsOf(from.process) - before;
  const count = Number(command.document['exported']);
  requireCount('keys exported', count, keys);
  return { command, count, bytes: (await stat(file)).size, serverProcessorSeconds };
}

async function exportRow(
  run: BenchRun,
  branch: MadeRepository,
  from: ServerProcess,
  first: Exported,
): Promise<Row> {
  const { workplace } = run;
  const { identity, recipient } = await makeAgeIdentity('age-x25519');
  const file = workplace.place('again.age');
  const second = await exportedTo(run, from, recipient, file);
  const plaintext = await opened(file, identity, workplace.place('plaintext'));
  await rm(file);
  run.say('P6: stock age on the same bytes');
  const references: number[] = [];
  for (let round = 0; round <= run.options.rounds; round += 1) {
    const figure = await ageBytesASecond(workplace, recipient, plaintext);
    if (figure !== undefined && round > 0) references.push(figure / 1e6);
  }
  await rm(plaintext.file);
  const memory = {
    server: peakMemoryOf(from.process) ?? Number.NaN,
    command: Math.max(first.command.peakMemory, second.command.peakMemory),
  };
  const { count } = second;
  const figures = [first, second].map(({ command, bytes }) => bytes / 1e6 / command.seconds);
  const costs = [first, second].map((one) => (one.serverProcessorSeconds / count) * 1e6);
  return {
    id: 'P6',
    what: `export of ${count.toLocaleString('en')} keys`,
    unit: 'MB/s',
    ours: median(figures),
    ...(references.length === 0 ? {} : { reference: { name: 'age -e', figure: median(references) } }),
    goal: { sense: 'least', whole: 0.35, half: 0.175, of: 'ratio' },
    memory,
    notes: [
      `${Math.round(count / second.command.seconds).toLocaleString('en')} keys/s; processor time a key: server ${median(costs).toFixed(1)} µs, ` +
        `command ${((second.command.processorSeconds / count) * 1e6).toFixed(1)} µs`,
      `apart from that, scrypt for a password: ${(await scryptSeconds(run, from, branch, recipient)).toFixed(1)} s`,
      ...memoryNotes(memory),
      ...(references.length === 0 ? ['no reference: age is not installed'] : []),
    ],
  };
}

/** The inside of the file, in the clear: sample keys, in the run's own folder. Throws unless it is whole. */
async function opened(
  file: string,
  identity: KeyMaterial,
  out: string,
): Promise<{ readonly file: string; readonly bytes: number }> {
  const keys = { password: undefined, identities: async () => [identity] };
  await pipeline(openExport(createReadStream(file), keys), createWriteStream(out, { mode: 0o600 }));
  return { file: out, bytes: (await stat(out)).size };
}

/** What a password takes more than a recipient, of a file with one key. */
async function scryptSeconds(
  { workplace }: BenchRun,
  from: ServerProcess,
  branch: MadeRepository,
  recipient: string,
): Promise<number> {
  const password = workplace.place('password');
  await writeFile(password, PASSWORD, { mode: 0o600 });
  const secondsOf = async (...sealedTo: readonly string[]): Promise<number> => {
    const one = ['--out', workplace.place('one.age'), '--key', branch.known[0]!.id, '--data', from.data];
    const { document, seconds } = await runCommand(workplace, ['keys', 'export', ...one, ...sealedTo]);
    requireCount('keys in a file of one key', Number(document['exported']), 1);
    return seconds;
  };
  return (await secondsOf('--password-file', password)) - (await secondsOf('--to', recipient));
}

async function importRow(
  run: BenchRun,
  branch: MadeRepository,
  to: ServerProcess,
  file: string,
): Promise<Row> {
  const { workplace } = run;
  const below = lookInto(branch.data);
  const above = lookInto(to.data);
  const { count } = below.keys();
  requireCount('keys at the target before the import', above.keys().count, 0);
  run.say('P7: the raw load of as many rows');
  const references = [await rawRowsASecond(workplace, 'load', count)];
  run.say(`P7: import of ${count.toLocaleString('en')} keys`);
  const before = processorSecondsOf(to.process);
  const command = await runCommand(workplace, ['keys', 'import', file, '--data', to.data]);
  const cost = ((processorSecondsOf(to.process) - before) / count) * 1e6;
  references.push(await rawRowsASecond(workplace, 'load', count));
  requireCount('keys said to be new', Number(command.document['new']), count);
  requireCount('keys that are there', above.keys().count, count);
  if (above.digestOfKeys() !== below.digestOfKeys()) {
    throw new Error('the keys that were imported are not those that were exported');
  }
  above.close();
  below.close();
  const memory = { server: peakMemoryOf(to.process) ?? Number.NaN, command: command.peakMemory };
  return {
    id: 'P7',
    what: `import of ${count.toLocaleString('en')} keys, all or nothing`,
    unit: '/s',
    ours: count / command.seconds,
    reference: { name: 'raw load', figure: median(references) },
    goal: { sense: 'least', whole: 0.3, half: 0.15, of: 'ratio' },
    memory,
    notes: [
      `${command.seconds.toFixed(1)} s; processor time a key: server ${cost.toFixed(1)} µs, ` +
        `command ${((command.processorSeconds / count) * 1e6).toFixed(1)} µs`,
      ...memoryNotes(memory),
    ],
  };
}
