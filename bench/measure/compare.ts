/** One server beside its reference under the same load, in turn: requests a second, and what a request costs on each. */
import type { LoadResult, LoadTask } from '../load/load-task.ts';
import type { ReferenceServer } from '../reference/references.ts';
import type { MadeRepository } from '../servers/make-repository.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import { median } from '../table.ts';
import { peakMemoryOf, processorSecondsOf } from '../workplace.ts';
import { type BenchRun, scaled } from './bench-run.ts';
import { requireCount, takeTurns } from './turns.ts';

/** What both sides are compared in. */
export interface Turn {
  readonly run: BenchRun;
  readonly made: MadeRepository;
}

export interface Scene extends Turn {
  readonly server: ServerProcess;
  readonly reference: ReferenceServer;
}

export interface Side {
  readonly label: string;
  readonly address: string;
  readonly process: ServerProcess['process'];
  readonly path: string;
  readonly expect: string;
  /** Where this side is asked otherwise than the other. */
  readonly bodies?: LoadTask['bodies'];
}

export type Load = Pick<LoadTask, 'bodies' | 'connections'> & {
  readonly callers: number;
  readonly requests: number;
};

/** Both sides under the same load in turn: requests a second, and what one costs on each. */
export async function compare(turn: Turn, load: Load, ours: Side, reference: Side) {
  const { run, made } = turn;
  const results = new Map<string, LoadResult[]>();
  const processor = new Map<string, number[]>();
  const side = async (one: Side, round: number): Promise<number> => {
    const before = processorSecondsOf(one.process);
    const requests = scaled(run, round === 0 ? load.requests / 4 : load.requests);
    const result = await run.generator.load({
      address: one.address,
      path: one.path,
      callers: made.devices.slice(0, load.callers),
      requests,
      bodies: one.bodies ?? load.bodies,
      expect: one.expect,
      connections: load.connections,
    });
    requireCount('answers', result.right, requests);
    const cost = ((processorSecondsOf(one.process) - before) / requests) * 1e6;
    if (round > 0) {
      results.set(one.label, [...(results.get(one.label) ?? []), result]);
      processor.set(one.label, [...(processor.get(one.label) ?? []), cost]);
    }
    return requests / result.seconds;
  };
  const turns = await takeTurns(
    run.options.rounds,
    (round) => side(ours, round),
    (round) => side(reference, round),
  );
  const of = (label: string, pick: (result: LoadResult) => number): number =>
    median((results.get(label) ?? []).map(pick));
  const generatorCost = of(ours.label, (result) => (result.processorSeconds / result.right) * 1e6);
  const cost = (label: string): number => median(processor.get(label) ?? []);
  return {
    ...turns,
    cost: cost(ours.label),
    notes: [
      `p50 ${of(ours.label, ({ p50Ms }) => p50Ms).toFixed(1)} ms, p99 ${of(ours.label, ({ p99Ms }) => p99Ms).toFixed(1)} ms; ` +
        `processor time a request: ours ${cost(ours.label).toFixed(0)} µs, reference ${cost(reference.label).toFixed(0)} µs, load generator ${generatorCost.toFixed(0)} µs`,
    ],
  };
}

export function ourSide({ server }: Scene, path: string, expect: string): Side {
  return { label: 'ours', address: server.address, process: server.process, path, expect };
}

export function referenceSide({ reference }: Scene, path: string): Side {
  return {
    label: 'reference',
    address: reference.address,
    process: reference.process,
    path,
    expect: '"outcome":"reference"',
  };
}

export function memoryOf({ server }: Scene): Record<string, number> {
  return { server: peakMemoryOf(server.process) ?? Number.NaN };
}

/** How often each side is loaded, the warm-up counted in requests. */
export function requestsInAll(scene: Scene, load: Load): number {
  return scaled(scene.run, load.requests / 4) + scene.run.options.rounds * scaled(scene.run, load.requests);
}
