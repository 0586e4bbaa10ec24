/**
 * The load generator, a process of its own: makes all requests beforehand, then sends them over its connections as
 * fast as they are answered. Told what to do, and tells what came of it, over the channel to whoever started it.
 */
import { keyToWire } from '#protocol/wire-key.ts';
import { makeSampleKey } from '../servers/sample-keys.ts';
import { quantile } from '../table.ts';
import { contextOf, getBytes, openPlainConnection, requestBytes } from './plain-connection.ts';
import type { Bodies, LoadCaller, LoadResult, LoadTask } from './load-task.ts';

/** A server that has stopped answering ends the run. */
const LOAD_MS_MAX = 120_000;

function bodyOf(bodies: Exclude<Bodies, { readonly kind: 'gets' }>, caller: LoadCaller, at: number): string {
  switch (bodies.kind) {
    case 'lookups': {
      const { id, claim } = bodies.known[Math.floor(Math.random() * bodies.known.length)]!;
      return JSON.stringify({ id, claim });
    }
    case 'records': {
      const maker = {
        deviceId: caller.id,
        deviceName: caller.name,
        origin: bodies.origin,
        createdAtMs: Date.now() + at,
      };
      return JSON.stringify({ complete: keyToWire(makeSampleKey(maker).complete) });
    }
    case 'heartbeats':
      return JSON.stringify({ name: caller.name, receipts: { count: 0, digest: '0'.repeat(64) } });
  }
}

/** Requests by connection, in turn. */
function requestsFor(task: LoadTask): readonly (readonly Buffer[])[] {
  const { callers, requests, path, bodies } = task;
  const byCaller: Buffer[][] = callers.map(() => []);
  for (let at = 0; at < requests; at += 1) {
    const index = at % callers.length;
    byCaller[index]!.push(
      bodies.kind === 'gets'
        ? getBytes(task.address, bodies.paths[at % bodies.paths.length]!, bodies.apiKey)
        : requestBytes(path, bodyOf(bodies, callers[index]!, at)),
    );
  }
  return byCaller;
}

async function run(task: LoadTask): Promise<LoadResult> {
  const byCaller = requestsFor(task);
  const contexts = task.callers.map(({ credentials }) => contextOf(credentials));
  const kept =
    task.connections === 'kept'
      ? await Promise.all(contexts.map((context) => openPlainConnection(task.address, context)))
      : undefined;
  const latencies: number[] = [];
  let wrong = 0;
  let firstWrong = '';
  const processor = process.cpuUsage();
  const begun = performance.now();

  async function runCaller(index: number): Promise<void> {
    for (const request of byCaller[index]!) {
      const sent = performance.now();
      const connection = kept?.[index] ?? (await openPlainConnection(task.address, contexts[index]!));
      const answer = await connection.exchange(request);
      if (kept === undefined) connection.close();
      latencies.push(performance.now() - sent);
      if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(task.expect)) {
        wrong += 1;
        if (firstWrong === '') firstWrong = answer.slice(0, 600);
      }
    }
  }
  const timer = setTimeout(() => process.exit(1), LOAD_MS_MAX);
  await Promise.all(task.callers.map((_, index) => runCaller(index)));
  clearTimeout(timer);
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(processor);
  for (const connection of kept ?? []) connection.close();
  return {
    right: latencies.length - wrong,
    wrong,
    firstWrong,
    seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    processorSeconds: (user + system) / 1e6,
  };
}

process.on('message', (task: LoadTask) => {
  run(task).then(
    (result) => process.send!(result),
    (error: unknown) => {
      process.stderr.write(`the load generator failed: ${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
