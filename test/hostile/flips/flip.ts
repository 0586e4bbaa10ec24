/** One bit turned over, and what can become of it. */
import type { Dice } from '../../simulation/world/dice.ts';

/**
 * - `found`: an error, or a report of `server verify`.
 * - `same`: nothing anyone reads changed; the bit lay where nothing is.
 * - `let be`: in a column that decides nothing, and every answer was right.
 * - `as a crash`: the last commit of a write-ahead log is not there, as if it had never come.
 */
export type Outcome = 'found' | 'same' | 'let be' | 'as a crash' | { readonly wrong: string };

/** One class of byte. */
export interface FlipClass {
  readonly name: string;
  /** Turns one bit over, chosen by the dice, and judges what becomes of it. */
  run(dice: Dice): Promise<Outcome>;
}

/** A copy with one bit turned over, and where. */
export function flipped(
  bytes: Uint8Array,
  dice: Dice,
  from = 0,
  end = bytes.length,
): { bytes: Buffer; at: number } {
  const copy = Buffer.from(bytes);
  const at = dice.between(from, end - 1);
  copy[at]! ^= 1 << dice.below(8);
  return { bytes: copy, at };
}
