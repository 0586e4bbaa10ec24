/** P13 to P15: a page of a filtered list among all keys, and one key shown to a script over the network, and what a sign-in costs. */
import type { ListedKey } from '#protocol/people/people-answers.ts';
import { startPeopleReference } from '../reference/references.ts';
import type { MadeRepository } from '../servers/make-repository.ts';
import { type ServerProcess, startServer } from '../servers/server-process.ts';
import type { Row } from '../table.ts';
import { peakMemoryOf, processorSecondsOf } from '../workplace.ts';
import { type BenchRun, scaled } from './bench-run.ts';
import { compare } from './compare.ts';
import { measureSignIn } from './sign-in.ts';

const SHOWN_KEYS = 1000;
const PAGES_OF_EACH_FILTER = 200;

interface Office {
  readonly run: BenchRun;
  readonly made: MadeRepository;
  readonly server: ServerProcess;
  readonly apiKey: string;
}

export async function measurePeople(run: BenchRun, made: MadeRepository): Promise<Row[]> {
  const { only } = run.options;
  const server = await startServer(run.workplace, made.data);
  const { apiKey } = await server.people('addPerson', { name: 'bench', service: true, roles: ['Help desk'] });
  const office: Office = { run, made, server, apiKey: apiKey! };
  const rows: Row[] = [];
  if (only.has('P13')) rows.push(await pages(office));
  if (only.has('P14')) rows.push(await shown(office));
  if (only.has('P15')) rows.push(await measureSignIn(run, server));
  await server.stop();
  return rows;
}

/** Latencies of one caller, who asks for one page after another. */
async function pages({ run, made, server, apiKey }: Office): Promise<Row> {
  run.say('P13: pages of a filtered list');
  const middle = made.known[Math.floor(made.known.length / 2)]!;
  const { key } = await server.people('showKey', { id: middle.id });
  const filters = filtersAround(key);
  const begun = processorSecondsOf(server.process);
  const requests = scaled(run, PAGES_OF_EACH_FILTER);
  const measured: { readonly name: string; readonly p50Ms: number; readonly p99Ms: number }[] = [];
  for (const [name, filter] of Object.entries(filters)) {
    const query = new URLSearchParams({ limit: '100', ...filter });
    const result = await run.generator.load({
      address: server.console,
      path: '',
      callers: made.devices.slice(0, 1),
      requests,
      bodies: { kind: 'gets', paths: [`/api/v1/keys?${query.toString()}`], apiKey },
      expect: '"keys":[',
      connections: 'kept',
    });
    measured.push({ name, p50Ms: result.p50Ms, p99Ms: result.p99Ms });
  }
  const cost = (processorSecondsOf(server.process) - begun) / (requests * measured.length);
  return {
    id: 'P13',
    what: `page of 100 among ${run.options.keys.toLocaleString('en')} keys, slowest filter, p99`,
    unit: 'ms',
    ours: Math.max(...measured.map(({ p99Ms }) => p99Ms)),
    goal: { sense: 'most', whole: 50, half: 100, of: 'figure' },
    memory: { server: peakMemoryOf(server.process) ?? Number.NaN },
    notes: [
      `processor time a page: ${(cost * 1000).toFixed(1)} ms`,
      ...measured.map(
        ({ name, p50Ms, p99Ms }) => `${name}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
      ),
    ],
  };
}

/** One of each kind of work: an index, a scan that finds at once, later, and never. */
function filtersAround(key: ListedKey): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const newest = { order: 'newest' };
  return {
    'of a device': { ...newest, device: key.device.id },
    'text in most keys': { ...newest, find: 'quarterly' },
    'name of a device': { ...newest, find: key.device.name },
    'first digits of a locator': { ...newest, find: key.locator.luksUuid!.slice(0, 8) },
    'text in no key': { ...newest, find: 'no such text' },
    'of a kind, since a day': { ...newest, kind: 'volume', recordedSince: key.recordedAt },
    'not on the primary': { ...newest, notState: 'acknowledged' },
  };
}

async function shown({ run, made, server, apiKey }: Office): Promise<Row> {
  run.say('P14: keys shown to a service account');
  const each = Math.max(1, Math.floor(made.known.length / SHOWN_KEYS));
  const ids = made.known.filter((_, at) => at % each === 0).map(({ id }) => id);
  const answer = JSON.stringify(await server.people('showKey', { id: ids[0]! }));
  const reference = await startPeopleReference(run.workplace, {
    leaf: made.leaf,
    answerBytes: answer.length - JSON.stringify({ outcome: 'reference', padding: '' }).length,
  });
  const gets = (paths: readonly string[]) => ({ kind: 'gets', paths, apiKey }) as const;
  const bodies = gets(ids.map((id) => `/api/v1/keys/${id}`));
  const measured = await compare(
    { run, made },
    { callers: 32, requests: 40_000, bodies, connections: 'kept' },
    { label: 'ours', address: server.console, process: server.process, path: '', expect: '"claimHash"' },
    {
      label: 'reference',
      address: reference.address,
      process: reference.process,
      path: '',
      expect: '"outcome":"reference"',
      bodies: gets(['/empty']),
    },
  );
  reference.process.kill('SIGTERM');
  return {
    id: 'P14',
    what: 'key shown to a service account, 32 connections',
    unit: '/s',
    ours: measured.ours,
    reference: { name: 'empty handler', figure: measured.reference },
    goal: { sense: 'least', whole: 0.4, half: 0.2, of: 'ratio' },
    notes: measured.notes,
  };
}
