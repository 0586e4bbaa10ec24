/**
 * How far keys have climbed. States are stretches of the sequence, with the refused keys somewhere among them, so that
 * keys of a state are found without looking at others.
 */
import type { KeyState } from '#domain/key-state.ts';
import type { KeyNumbers } from '#store/transaction.ts';

/** The whole sequence at one moment: a page is chosen and shown by the same. */
export interface Climbed {
  /** Why, by number. */
  readonly refused: ReadonlyMap<number, string>;
  readonly acknowledgedSeq: number;
  readonly transmittedSeq: number;
}

export function stateOf({ refused, acknowledgedSeq, transmittedSeq }: Climbed, seq: number): KeyState {
  if (refused.has(seq)) return 'refused';
  if (seq <= acknowledgedSeq) return 'acknowledged';
  return seq <= transmittedSeq ? 'transmitted' : 'recorded';
}

/** The numbers of all keys whose state is wanted. */
export function numbersIn(climbed: Climbed, wanted: (state: KeyState) => boolean): readonly KeyNumbers[] {
  const { refused, acknowledgedSeq, transmittedSeq } = climbed;
  // Numbers at which a stretch of one state begins.
  const begins = new Set([1, acknowledgedSeq + 1, transmittedSeq + 1]);
  for (const seq of refused.keys()) begins.add(seq).add(seq + 1);
  const inOrder = [...begins].toSorted((one, other) => one - other);
  const stretches: { from: number; to: number }[] = [];
  for (const [at, from] of inOrder.entries()) {
    if (!wanted(stateOf(climbed, from))) continue;
    const to = (inOrder[at + 1] ?? Number.MAX_SAFE_INTEGER) - 1;
    const last = stretches.at(-1);
    if (last?.to === from - 1) last.to = to;
    else stretches.push({ from, to });
  }
  return stretches;
}
