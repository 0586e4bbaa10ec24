/**
 * Repairs rows of keys. Invariant: the chain proves that each row written is the one recorded under its number; no
 * caller can put in anything else.
 */
import { assert } from '#domain/errors.ts';
import { nextChainValue, type Position } from '#domain/sequence.ts';
import type { StoredKey } from '../rows.ts';
import type { KeysTable } from './keys-table.ts';

const NONE = new Uint8Array(0);

/** @param head the current head, whether its row is damaged or not. */
export function mendKeys(keys: KeysTable, head: Position, rows: readonly StoredKey[]): void {
  const inOrder = rows.toSorted((left, right) => left.seq - right.seq);
  for (let from = 0; from < inOrder.length; ) {
    let to = from + 1;
    while (inOrder[to]?.seq === inOrder[to - 1]!.seq + 1) to += 1;
    requireProven(keys, head, inOrder.slice(from, to));
    from = to;
  }
  // All are removed before any is written: two records may have changed places.
  for (const { seq } of inOrder) keys.remove(seq);
  for (const row of inOrder) keys.insert(row);
}

/** @param run consecutive numbers. */
function requireProven(keys: KeysTable, head: Position, run: readonly StoredKey[]): void {
  const last = run.at(-1)!;
  assert(run[0]!.seq > 0 && last.seq <= head.seq, 'only a number that was given is mended');
  let before = keys.chainAt(run[0]!.seq - 1);
  for (const row of run) {
    assert(
      before !== undefined && same(row.chain, nextChainValue(before, row.digest)),
      'a mended row continues the one before it',
    );
    before = row.chain;
  }
  const recorded = keys.linkAt(last.seq);
  const next = keys.linkAt(last.seq + 1);
  const previous = run.at(-2);
  const previousRecorded =
    previous === undefined || same(keys.linkAt(previous.seq)?.chain ?? NONE, previous.chain);
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
