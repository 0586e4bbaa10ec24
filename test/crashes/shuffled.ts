/** A list in an order of chance, the same for the same dice. */
import type { Dice } from '#test/simulation/world/dice.ts';

export function shuffled<T>(list: readonly T[], dice: Dice): T[] {
  const left = [...list];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(dice.below(left.length), 1));
  return drawn;
}
