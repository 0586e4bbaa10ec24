/** Rights as people write and read them: `AREA:Read`, and one line an area. */
import { RIGHTS, type RequiredRight } from '#domain/right.ts';
import { didYouMean } from '#domain/did-you-mean.ts';
import { columns } from './table.ts';
import { UsageError } from './usage-error.ts';

interface ShownRight {
  readonly area: string;
  readonly right: string;
}

/** Throws a usage error for anything else than a right that there is. */
export function rightFromText(given: string): RequiredRight {
  const same = (one: RequiredRight): boolean =>
    `${one.area}:${one.right}`.toLowerCase() === given.toLowerCase();
  const found = RIGHTS.find(same);
  if (found !== undefined) return found;
  const all = RIGHTS.map(({ area, right }) => `${area}:${right}`);
  throw new UsageError(`there is no right '${given}'${didYouMean(given, all)}`, {
    nextStep: `write it like "Managed devices:Read"; the areas are ${areas().join(', ')}`,
  });
}

function areas(): string[] {
  return [...new Set(RIGHTS.map(({ area }) => area))];
}

/** One line an area, in the order of the table. */
export function rightLines(rights: readonly ShownRight[]): string[] {
  const all = [...new Set([...areas(), ...rights.map(({ area }) => area)])];
  const rows = all
    .map((area) => [area, rights.filter((one) => one.area === area).map(({ right }) => right)] as const)
    .filter(([, given]) => given.length > 0);
  return columns(rows.map(([area, given]) => [`  ${area}`, given.join(', ')]));
}

/** On one line, for a list of roles. */
export function rightsOnALine(rights: readonly ShownRight[]): string {
  return rights.map(({ area, right }) => `${area}:${right}`).join(', ');
}
