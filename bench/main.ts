/**
 * `npm run bench`: measures Keystair beside references that need nothing but Node, in one run on this machine, and
 * prints one table. Counts that do not hold end it with 1; no figure ever does.
 */
import { availableParallelism, loadavg } from 'node:os';
import { startGenerator } from './load/generator.ts';
import type { BenchRun } from './measure/bench-run.ts';
import { measureByHand } from './measure/by-hand.ts';
import { measureIdleHeartbeat } from './measure/idle-heartbeat.ts';
import { measureOneServer } from './measure/one-server.ts';
import { measurePeople } from './measure/people-calls.ts';
import { measureThreeLevels } from './measure/three-levels.ts';
import { measureTransmission } from './measure/transmission.ts';
import { type BenchOptions, type Measurement, readOptions } from './options.ts';
import { makeRepository } from './servers/make-repository.ts';
import { ratioOf, type Row, tableText, verdictOf } from './table.ts';
import { openWorkplace } from './workplace.ts';

async function measure(run: BenchRun): Promise<Row[]> {
  const { only, keys } = run.options;
  const wanted = (...ids: readonly Measurement[]): boolean => ids.some((id) => only.has(id));
  const rows: Row[] = [];
  if (wanted('P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P12', 'P13', 'P14', 'P15')) {
    run.say(`making a repository of ${keys.toLocaleString('en')} keys`);
    const branch = await makeRepository({
      data: run.workplace.place('branch'),
      name: 'branch',
      keys,
      devices: 64,
      useHierarchy: false,
    });
    rows.push(...(await measureOneServer(run, branch)));
    if (wanted('P13', 'P14', 'P15')) rows.push(...(await measurePeople(run, branch)));
    if (wanted('P6', 'P7')) rows.push(...(await measureByHand(run, branch)));
    // Idle is idle after a transmission: the one needs the other.
    if (wanted('P8', 'P9')) {
      const transmitted = await measureTransmission(run, branch);
      if (wanted('P8')) rows.push(transmitted.row);
      if (wanted('P9')) rows.push(await measureIdleHeartbeat(run, transmitted));
    }
  }
  if (wanted('P10', 'P11')) rows.push(...(await measureThreeLevels(run)));
  const order = (row: Row): number => Number(row.id.slice(1));
  return rows.toSorted((one, other) => order(one) - order(other));
}

/** Times mean little on a machine that others use; ratios, bytes and counts still do. */
function busyText(load: number): string {
  return `load average before the run: ${load.toFixed(1)} on ${availableParallelism()} processors\n`;
}

async function main(): Promise<void> {
  let options: BenchOptions;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('\n')[0]}\n`);
    process.exitCode = 2;
    return;
  }
  const begun = performance.now();
  const load = loadavg()[0]!;
  const workplace = await openWorkplace(options.profile);
  try {
    const rows = await measure({
      options,
      workplace,
      generator: startGenerator(workplace),
      say: (sentence) =>
        process.stderr.write(
          `${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${sentence}\n`,
        ),
    });
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ keys: options.keys, rows: rows.map((row) => ({ ...row, ratio: ratioOf(row), verdict: verdictOf(row) })) })}\n`
        : `\n${tableText(rows)}${busyText(load)}`,
    );
  } finally {
    workplace.clear();
  }
  // The load generator's channel would keep this process.
  process.exit(0);
}

await main();
