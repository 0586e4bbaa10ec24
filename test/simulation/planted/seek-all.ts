/** Looks for every planted bug, and tells which seed found it. */
import { BUGS } from './bugs.ts';
import { seek } from './plant.ts';

/**
 * @param only bugs whose name holds this text.
 * @param from the seed to begin with; the one known for each bug where it is left out.
 * @returns whether all were found.
 */
export async function seekAll(
  only: string,
  seeds: number | undefined,
  from: number | undefined,
  say: (line: string) => void,
): Promise<boolean> {
  let missed = 0;
  for (const bug of BUGS.filter(({ name }) => name.includes(only))) {
    const found = await seek(bug, seeds, from);
    if (found.seed === undefined) missed += 1;
    say(
      found.seed === undefined
        ? `NOT FOUND in ${found.seeds} seeds: ${bug.name}`
        : `seed ${found.seed} finds: ${bug.name}\n    ${found.rule}: ${found.sentence}`,
    );
  }
  say(`${BUGS.length} planted bugs, ${missed} not found`);
  return missed === 0;
}
