/** Takes bounds away in copies of the program, and lets hostile neighbours, or a test, look for what they bounded. */
import { runInCopy } from '#test/simulation/planted/plant.ts';
import { seekPlanted, type SeekOptions } from '#test/simulation/planted/seek-planted.ts';
import type { BoundBug } from './bound-bug.ts';
import { BOUND_BUGS } from './bound-bugs.ts';

/** A test takes some seconds, most of them a start. */
const TEST_MS = 8000;
/** Copying the program, starting servers, looking at all of it afterwards. */
const AROUND_MS = 8000;

/** @returns whether every one that was looked for was seen. */
export function seekBoundBugs(options: Omit<SeekOptions<BoundBug>, 'bugs' | 'look'>): Promise<boolean> {
  return seekPlanted({
    ...options,
    bugs: BOUND_BUGS,
    msOf: (bug) => ('test' in bug ? TEST_MS : bug.seconds * 1000 + AROUND_MS),
    async look(bug, ended) {
      const [program, asked] = 'test' in bug ? [bug.test, []] : ['test/hostile/main.ts', campaignOf(bug)];
      const { stdout, stderr } = await runInCopy(bug, program, asked, ended);
      const found = bug.sees.map((sentence) => sentence.exec(stdout)?.[0]);
      const missing = bug.sees.filter((_, index) => found[index] === undefined).map(String);
      return {
        seen: missing.length === 0 ? found.join('\n    ') : undefined,
        said: `nothing says ${missing.join(', nor ')}\n${stdout}${stderr}`,
      };
    },
  });
}

function campaignOf({ harm, seconds, lingering }: Extract<BoundBug, { harm: string }>): readonly string[] {
  const held = lingering === undefined ? [] : ['--lingering', `${lingering}s`];
  return ['--kind', 'members', '--only', harm, '--seed', '1', '--budget', `${seconds}s`, ...held];
}
