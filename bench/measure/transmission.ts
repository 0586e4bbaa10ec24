/** P8: a branch with many keys switches the hierarchy option on, and all of them climb to its primary. */
import { rawRowsASecond } from '../reference/references.ts';
import { joinHierarchy } from '../servers/hierarchy.ts';
import { makeRepository, type MadeRepository } from '../servers/make-repository.ts';
import { lookInto, startServer } from '../servers/server-process.ts';
import { median, type Row } from '../table.ts';
import { peakMemoryOf, processorSecondsOf } from '../workplace.ts';
import type { BenchRun } from './bench-run.ts';
import { requireCount } from './turns.ts';
import { until } from './until.ts';

const TRANSMISSION_MS_MAX = 600_000;

/** Both data directories afterwards: joined, and nothing left to transmit. */
export interface Transmitted {
  readonly row: Row;
  readonly branch: MadeRepository;
  readonly root: MadeRepository;
}

export async function measureTransmission(run: BenchRun, branch: MadeRepository): Promise<Transmitted> {
  const { workplace } = run;
  const root = await makeRepository({
    data: workplace.place('root'),
    name: 'root',
    keys: 0,
    devices: 0,
    useHierarchy: true,
  });
  const primary = await startServer(workplace, root.data);
  const secondary = await startServer(workplace, branch.data);
  await joinHierarchy(primary, secondary);
  const above = lookInto(root.data);
  const below = lookInto(branch.data);
  const { count, chain } = below.keys();
  requireCount('keys at the primary before the option is on', above.keys().count, 0);

  run.say('P8: the raw load of as many rows');
  const references = [await rawRowsASecond(workplace, 'load', count)];
  run.say(`P8: ${count.toLocaleString('en')} keys climb`);
  const processor = [processorSecondsOf(primary.process), processorSecondsOf(secondary.process)];
  const begun = performance.now();
  await secondary.people('changeSettings', { useHierarchy: true });
  await until('the transmission of all keys', () => above.keys().count >= count, {
    everyMs: 20,
    mostMs: TRANSMISSION_MS_MAX,
  });
  const seconds = (performance.now() - begun) / 1000;
  const costs = [primary, secondary].map(
    (one, at) => ((processorSecondsOf(one.process) - processor[at]!) / count) * 1e6,
  );
  references.push(await rawRowsASecond(workplace, 'load', count));

  requireCount('keys that arrived', above.keys().count, count);
  // The primary was empty, so its sequence is the branch's: one chain value tells of every key and its place.
  if (above.keys().chain !== chain) throw new Error('the keys that arrived are not those that were sent');
  const { transmitted, acknowledgedSeq } = await secondary.people('heartbeatNow', {});
  requireCount('keys sent again', transmitted, 0);
  requireCount('keys acknowledged', acknowledgedSeq, count);
  above.close();
  below.close();
  const memory = {
    primary: peakMemoryOf(primary.process) ?? Number.NaN,
    secondary: peakMemoryOf(secondary.process) ?? Number.NaN,
  };
  await secondary.stop();
  await primary.stop();
  const row: Row = {
    id: 'P8',
    what: `transmission of ${count.toLocaleString('en')} keys`,
    unit: '/s',
    ours: count / seconds,
    reference: { name: 'raw load', figure: median(references) },
    goal: { sense: 'least', whole: 0.25, half: 0.125, of: 'ratio' },
    memory,
    notes: [
      `${seconds.toFixed(1)} s; processor time a key: primary ${costs[0]!.toFixed(1)} µs, secondary ${costs[1]!.toFixed(1)} µs`,
    ],
  };
  return { row, branch, root };
}
