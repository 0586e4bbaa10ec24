/** P10 and P11: a root and three levels below it. A key made at the lowest climbs; a key of the root comes down. */
import { setTimeout as wait } from 'node:timers/promises';
import { keyToWire } from '#protocol/wire-key.ts';
import { openDeviceCalls } from '../servers/device-calls.ts';
import { type ChainServer, startChain } from '../servers/hierarchy.ts';
import { makeSampleKey } from '../servers/sample-keys.ts';
import { lookInto } from '../servers/server-process.ts';
import { quantile, type Row } from '../table.ts';
import { peakMemoryOf } from '../workplace.ts';
import { type BenchRun, scaled } from './bench-run.ts';
import { requireCount } from './turns.ts';
import { until } from './until.ts';

const CLIMB_MS_MAX = 20_000;
/** Connections and compiled code are there when people work; the first few do not count. */
const WARM_UP = 30;
/** Until acknowledgements are down again, so that each finds the tree at rest: what was fetched climbs again, too. */
const REST_MS = 25;

export async function measureThreeLevels(run: BenchRun): Promise<Row[]> {
  const { only } = run.options;
  const rows: Row[] = [];
  const climbs = scaled(run, 400) + WARM_UP;
  const descents = scaled(run, 800) + WARM_UP;
  run.say('P10, P11: a root and three levels below it');
  const chain = await startChain(run.workplace, [
    { name: 'root', keys: descents, devices: 0 },
    { name: 'region', keys: 0, devices: 0 },
    { name: 'country', keys: 0, devices: 1 },
    { name: 'office', keys: 0, devices: 1 },
  ]);
  if (only.has('P11')) rows.push(await coldLookups(chain, descents));
  if (only.has('P10')) rows.push(await newKeys(chain, climbs));
  for (const { server } of chain.toReversed()) await server.stop();
  return rows;
}

function memoryOf(chain: readonly ChainServer[]): Record<string, number> {
  return Object.fromEntries(
    chain.map(({ made, server }) => [made.server.name, peakMemoryOf(server.process) ?? Number.NaN]),
  );
}

function spread(times: readonly number[]): string {
  const at = (share: number): string => quantile(times, share).toFixed(1);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, most ${at(1)} ms of ${times.length}`;
}

async function newKeys(chain: readonly ChainServer[], count: number): Promise<Row> {
  const root = chain[0]!;
  const office = chain.at(-1)!;
  const { device, calls, close } = openDeviceCalls(office);
  const look = lookInto(root.made.data);
  const before = look.keys().count;
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const { complete } = makeSampleKey({
      deviceId: device.id,
      deviceName: device.name,
      origin: office.made.server.id,
      createdAtMs: Date.now(),
    });
    const begun = performance.now();
    await calls.call('record', { complete: keyToWire(complete) });
    await until('a new key on the root', () => look.has(complete.key.id), {
      everyMs: 1,
      mostMs: CLIMB_MS_MAX,
    });
    times.push(performance.now() - begun);
    await wait(REST_MS);
  }
  requireCount('new keys on the root', look.keys().count - before, count);
  look.close();
  close();
  const counted = times.slice(WARM_UP);
  return {
    id: 'P10',
    what: 'new key durable on the root, three levels up, p99',
    unit: 'ms',
    ours: quantile(counted, 0.99),
    goal: { sense: 'most', whole: 100, half: 200, of: 'figure' },
    memory: memoryOf(chain),
    notes: [`from the device's call; ${spread(counted)}`],
  };
}

async function coldLookups(chain: readonly ChainServer[], count: number): Promise<Row> {
  const root = chain[0]!;
  const asked = chain[2]!;
  const { calls, close } = openDeviceCalls(asked);
  const look = lookInto(asked.made.data);
  const before = look.keys().count;
  const times: number[] = [];
  for (const { id, claim } of root.made.known.slice(0, count)) {
    const begun = performance.now();
    const answer = await calls.call('deviceLookup', { id, claim });
    times.push(performance.now() - begun);
    if (answer.outcome !== 'found' || answer.source.id !== root.made.server.id) {
      throw new Error(`a lookup through three servers was answered ${JSON.stringify(answer)}`);
    }
    await wait(REST_MS);
  }
  requireCount('keys kept by the server that was asked', look.keys().count - before, count);
  look.close();
  close();
  const counted = times.slice(WARM_UP);
  return {
    id: 'P11',
    what: 'cold lookup through three servers, p99',
    unit: 'ms',
    ours: quantile(counted, 0.99),
    goal: { sense: 'most', whole: 20, half: 40, of: 'figure' },
    notes: [`kept by two of them on the way; ${spread(counted)}`],
  };
}
