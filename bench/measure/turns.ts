/** Ours and its reference, turn by turn in the same minutes, so that a noisy machine is noisy for both. */
import { median } from '../table.ts';

export interface Turns {
  readonly ours: number;
  readonly reference: number;
}

/** Medians over the rounds. Each side is handed the round's number; 0 warms up and does not count. */
export async function takeTurns(
  rounds: number,
  ours: (round: number) => Promise<number>,
  reference: (round: number) => Promise<number>,
): Promise<Turns> {
  const figures: { ours: number; reference: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    figures.push({ ours: await ours(round), reference: await reference(round) });
  }
  const counted = figures.slice(1);
  return {
    ours: median(counted.map((one) => one.ours)),
    reference: median(counted.map((one) => one.reference)),
  };
}

/** Throws unless both are the same: a figure whose counts do not hold is no figure. */
export function requireCount(what: string, counted: number, expected: number): void {
  if (counted !== expected) throw new Error(`${what}: ${counted}, but it should be ${expected}`);
}
