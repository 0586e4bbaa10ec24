/** What somebody lacks, in a sentence: a right, or that it holds everywhere. */
import type { Right } from '../api/route.ts';
import { useTexts } from '../texts/language.tsx';
import { SHELL } from '../texts/shell.ts';

export function useMissingRight(): (missing: Right) => string {
  const { rights } = useTexts(SHELL);
  return ({ area, right, limitedTo }) => {
    const lacks =
      limitedTo === undefined
        ? rights.lacking(area, right)
        : rights.limited(area, right, limitedTo.join(', '));
    return `${lacks} ${rights.ask}`;
  };
}
