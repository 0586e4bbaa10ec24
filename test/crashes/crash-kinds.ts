/** The kinds of crashes, how many rounds of each are run before a change lands, and what each needs of the machine. */
import { hasTool } from '#test/store/system-tools.ts';
import { runCrashRounds } from './crash-rounds.ts';
import { whyNoDiskImages } from './disk-image.ts';
import { runFaultRounds } from './fault-rounds.ts';
import { runFullRounds, STEPS } from './full-rounds.ts';
import { disksIn, foldersIn } from './place.ts';
import type { Report, RunOptions } from './run-options.ts';
import { checkControl } from './sync-control.ts';
import { within } from './within.ts';
import type { Workplace } from './workplace.ts';

export interface CrashKind {
  readonly name: 'kill' | 'power' | 'calls' | 'full';
  /** Unless another number is asked for. */
  readonly rounds: number;
  /** Of the time that it shares with others. */
  readonly part: number;
  /** What a run that ended well has shown. */
  readonly held: string;
  readonly needs: readonly ('disks' | 'strace' | 'cryptsetup')[];
  readonly run: (workplace: Workplace, options: RunOptions) => Promise<Report>;
}

export const CRASH_KINDS: readonly CrashKind[] = [
  {
    name: 'kill',
    rounds: 300,
    part: 1,
    held: 'nothing acknowledged was lost',
    needs: ['cryptsetup'],
    run: (workplace, options) => runCrashRounds(workplace, foldersIn(workplace), options),
  },
  {
    name: 'power',
    rounds: 200,
    part: 4,
    held: 'nothing acknowledged was lost, and without syncs it is',
    needs: ['disks', 'cryptsetup'],
    async run(workplace, options) {
      const { acknowledged, lost } = await within(workplace, 'the control', () => checkControl(workplace));
      options.say(
        `the control, a store that does not sync, lost ${lost} of ${acknowledged} acknowledged keys`,
      );
      return runCrashRounds(workplace, disksIn(workplace), options);
    },
  },
  {
    name: 'calls',
    rounds: 1200,
    part: 5,
    held: 'every answer was right or an error, and every failed sync ended the process',
    needs: ['disks', 'strace', 'cryptsetup'],
    run: (workplace, options) => runFaultRounds(workplace, disksIn(workplace), options),
  },
  {
    name: 'full',
    rounds: STEPS,
    part: 1,
    held: 'keys were given out, none was taken, and space healed it',
    needs: ['disks'],
    run: runFullRounds,
  },
];

/** Why this machine cannot run it; undefined where it can. */
export function whyNot({ needs }: CrashKind): string | undefined {
  for (const need of needs) {
    const because = need === 'disks' ? whyNoDiskImages() : hasTool(need) ? undefined : `install ${need}`;
    if (because !== undefined) return because;
  }
  return undefined;
}
