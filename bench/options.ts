/**
 * What one run of the bench measures, from its arguments.
 *
 *   npm run bench -- [--quick] [--only P1,P2] [--keys N] [--profile FOLDER] [--json]
 *
 * `--quick`: 100,000 keys and short rounds, which shows that it runs and that counts hold. `--only`: some of P1 to P15.
 * `--keys`: in the repository, 1,000,000 unless said otherwise. `--profile`: each server leaves a .cpuprofile there;
 * figures of such a run are not to be quoted. `--json`: one JSON object on standard output.
 */
import { parseArgs } from 'node:util';

export const MEASUREMENTS = [
  'P1',
  'P2',
  'P3',
  'P4',
  'P5',
  'P6',
  'P7',
  'P8',
  'P9',
  'P10',
  'P11',
  'P12',
  'P13',
  'P14',
  'P15',
] as const;
export type Measurement = (typeof MEASUREMENTS)[number];

export interface BenchOptions {
  readonly keys: number;
  /** Times ours and its reference take turns. */
  readonly rounds: number;
  /** Requests of a round, as a share of those of a whole run. */
  readonly share: number;
  readonly only: ReadonlySet<Measurement>;
  readonly json: boolean;
  /** Where each server leaves a profile of its processor's time, for `chrome://inspect` and the like. */
  readonly profile: string | undefined;
}

/** Throws an `Error` with a sentence for whoever typed it. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      keys: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const keys = values.keys === undefined ? (quick ? 100_000 : 1_000_000) : Number(values.keys);
  if (!Number.isSafeInteger(keys) || keys < 1000) throw new Error('--keys takes a whole number from 1000 on');
  const wanted = values.only?.split(',').map((one) => one.trim().toUpperCase()) ?? MEASUREMENTS;
  const unknown = wanted.find((one) => !MEASUREMENTS.includes(one as Measurement));
  if (unknown !== undefined)
    throw new Error(`--only takes some of ${MEASUREMENTS.join(', ')}, not ${unknown}`);
  return {
    keys,
    rounds: 3,
    share: quick ? 0.25 : 1,
    only: new Set(wanted as Measurement[]),
    json: values.json,
    profile: values.profile,
  };
}
