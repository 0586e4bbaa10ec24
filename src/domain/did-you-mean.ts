/** The word that a person probably meant: among the few that a table knows, or none. */

/** Beyond a third of its letters, it is another word and no slip. */
const LETTERS_A_SLIP = 3;

function nearest(word: string, words: readonly string[]): string | undefined {
  const slips = Math.max(1, Math.floor(word.length / LETTERS_A_SLIP));
  const begun = words.filter((one) => word.length > 1 && one.startsWith(word));
  if (begun.length === 1) return begun[0];
  const near = words
    .filter((one) => Math.abs(one.length - word.length) <= slips)
    .map((one) => ({ one, distance: distance(word, one) }))
    .filter((found) => found.distance <= slips)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.one;
}

/** For the end of a complaint: ` (did you mean server?)`, or nothing. */
export function didYouMean(word: string, words: readonly string[]): string {
  const meant = nearest(word, words);
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}

/** Letters omitted, added, changed, or two that changed places (optimal string alignment). */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at += 1) {
    const row = [at];
    for (let other = 1; other <= to.length; other += 1) {
      const same = from[at - 1] === to[other - 1];
      const turned = at > 1 && other > 1 && from[at - 1] === to[other - 2] && from[at - 2] === to[other - 1];
      row[other] = Math.min(
        last[other]! + 1,
        row[other - 1]! + 1,
        last[other - 1]! + (same ? 0 : 1),
        turned ? before[other - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = row;
  }
  return last[to.length]!;
}
