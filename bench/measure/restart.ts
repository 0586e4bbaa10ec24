/** P12: a server with many keys is killed under load and starts again. */
import type { MadeRepository } from '../servers/make-repository.ts';
import { startServer } from '../servers/server-process.ts';
import { median, type Row } from '../table.ts';
import { peakMemoryOf } from '../workplace.ts';
import type { BenchRun } from './bench-run.ts';

export async function measureRestart(run: BenchRun, made: MadeRepository): Promise<Row> {
  run.say('P12: starts after kill -9');
  const [device] = made.devices;
  if (device === undefined) throw new Error('a repository without devices');
  const firstAnswer = async (address: string): Promise<void> => {
    await run.generator.load({
      address,
      path: '/v1/device/lookup',
      callers: [device],
      requests: 1,
      bodies: { kind: 'lookups', known: made.known },
      expect: '"outcome":"found"',
      connections: 'each',
    });
  };
  let server = await startServer(run.workplace, made.data);
  const times: number[] = [];
  for (let round = 0; round < run.options.rounds; round += 1) {
    // Killed under load, with commits in the log that are not in the database yet.
    await run.generator.load({
      address: server.address,
      path: '/v1/device/keys',
      callers: made.devices.slice(0, 32),
      requests: 1000,
      bodies: { kind: 'records', origin: made.server.id },
      expect: '"receipt":"',
      connections: 'kept',
    });
    await server.kill();
    const begun = performance.now();
    server = await startServer(run.workplace, made.data);
    await firstAnswer(server.address);
    times.push(performance.now() - begun);
  }
  const memory = { 'server after its start': peakMemoryOf(server.process) ?? Number.NaN };
  await server.stop();
  return {
    id: 'P12',
    what: 'start after kill -9 to the first right answer',
    unit: 'ms',
    ours: median(times),
    goal: { sense: 'most', whole: 1000, half: 2000, of: 'figure' },
    memory,
  };
}
