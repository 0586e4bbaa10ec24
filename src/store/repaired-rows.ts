/**
 * Whether rows may replace what is recorded under their numbers. Invariant: the chain proves that each is the one that
 * was recorded there; no caller can put in anything else.
 */
import { assert } from '#domain/errors.ts';
import { nextChainValue, type Position } from '#domain/sequence.ts';
import type { StoredKey } from './rows.ts';

/** Digest and chain value of a recorded key. */
export interface RecordedLink {
  readonly digest: Uint8Array;
  readonly chain: Uint8Array;
}

/** What is recorded now, damaged or not. */
export interface RecordedLinks {
  /** Zeros at 0, undefined where nothing is. */
  chainAt(seq: number): Uint8Array | undefined;
  linkAt(seq: number): RecordedLink | undefined;
}

const NONE = new Uint8Array(0);

/**
 * @param head the current head, whether its row is damaged or not.
 * @returns the rows in order of number. Throws where one of them is not proven.
 */
export function provenRows(
  links: RecordedLinks,
  head: Position,
  rows: readonly StoredKey[],
): readonly StoredKey[] {
  const inOrder = rows.toSorted((left, right) => left.seq - right.seq);
  for (let from = 0; from < inOrder.length; ) {
    let to = from + 1;
    while (inOrder[to]?.seq === inOrder[to - 1]!.seq + 1) to += 1;
    requireProven(links, head, inOrder.slice(from, to));
    from = to;
  }
  return inOrder;
}

/** @param run consecutive numbers. */
function requireProven(links: RecordedLinks, head: Position, run: readonly StoredKey[]): void {
  const last = run.at(-1)!;
  assert(run[0]!.seq > 0 && last.seq <= head.seq, 'only a number that was given is repaired');
  let before = links.chainAt(run[0]!.seq - 1);
  for (const row of run) {
    assert(
      before !== undefined && same(row.chain, nextChainValue(before, row.digest)),
      'a repaired row continues the one before it',
    );
    before = row.chain;
  }
  const recorded = links.linkAt(last.seq);
  const next = links.linkAt(last.seq + 1);
  const previous = run.at(-2);
  const previousRecorded =
    previous === undefined || same(links.linkAt(previous.seq)?.chain ?? NONE, previous.chain);
  const proven =
    (recorded !== undefined && same(recorded.chain, last.chain)) ||
    (next !== undefined && same(next.chain, nextChainValue(last.chain, next.digest))) ||
    (last.seq === head.seq &&
      previousRecorded &&
      recorded !== undefined &&
      same(recorded.digest, last.digest));
  assert(proven, 'only the record that was there is put back');
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
