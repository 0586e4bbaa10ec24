/** Looks for the bugs that the crashes of their kind must see. */
import { runInCopy } from '#test/simulation/planted/plant.ts';
import { seekPlanted, type SeekOptions } from '#test/simulation/planted/seek-planted.ts';
import { CRASH_BUGS, type CrashBug } from './crash-bugs.ts';

/** @returns whether every one that was looked for was seen. */
export function seekCrashBugs(options: Omit<SeekOptions<CrashBug>, 'bugs' | 'look'>): Promise<boolean> {
  return seekPlanted({
    ...options,
    bugs: CRASH_BUGS,
    async look(bug, ended) {
      const { kind, rounds, sees, failing } = bug;
      const asked = [
        '--kind',
        kind,
        ...(failing === undefined ? [] : ['--failing', failing]),
        '--rounds',
        String(rounds),
        '--json',
      ];
      const { code, stderr } = await runInCopy(bug, 'test/crashes/main.ts', asked, ended);
      return {
        seen: code === 0 ? undefined : sees.exec(stderr)?.[0],
        said: `${rounds} rounds of ${kind}\n${stderr}`,
      };
    },
  });
}
