/**
 * A Merkle tree over the lines of a log: hashing as in RFC 6962 section 2.1, proofs as in RFC 9162 section 2.1.
 *
 * A tree is never held whole. A log that grows needs its frontier: the roots of the complete subtrees, largest first,
 * one for each bit of the size. A proof names ranges of leaves; the holder of the tree hashes them.
 */
import { assert } from './errors.ts';
import { sha256 } from './sha-256.ts';

export const HASH_BYTES = 32;

/** The roots of the complete subtrees from left to right: as many as the size has bits set. */
export type Frontier = readonly Uint8Array[];

/** The leaves numbered from `begin` to before `end`, counted from 0. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** A complete subtree: 2^height leaves, the `index`-th of that height from the left. */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/** Of a tree without leaves. */
export const EMPTY_ROOT: Uint8Array = sha256('');

/** SHA-256(0x00 ‖ entry). */
export function leafHash(entry: string): Buffer {
  return sha256(`\0${entry}`);
}

const branch = Buffer.alloc(1 + 2 * HASH_BYTES);
branch[0] = 1;

/** SHA-256(0x01 ‖ left ‖ right). */
export function branchHash(left: Uint8Array, right: Uint8Array): Buffer {
  branch.set(left, 1);
  branch.set(right, 1 + HASH_BYTES);
  return sha256(branch);
}

export function sameHash(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** Sizes go beyond 32 bits, where the operators on bits end. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

/** The frontier after one more leaf. One node is hashed for each leaf, on average. */
export function appendLeaf(frontier: Frontier, size: number, leaf: Uint8Array): Frontier {
  const grown = [...frontier];
  let last = leaf;
  for (let rest = size; isOdd(rest); rest = half(rest)) last = branchHash(grown.pop()!, last);
  grown.push(last);
  return grown;
}

/** The root over complete subtrees from left to right, of falling height. */
export function rootOf(frontier: Frontier): Uint8Array {
  const last = frontier.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  let root: Uint8Array = last;
  for (const left of frontier.slice(0, -1).toReversed()) root = branchHash(left, root);
  return root;
}

/** The root of a complete subtree over these: their number is a power of two. */
export function completeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < row.length; at += 2) above.push(branchHash(row[at]!, row[at + 1]!));
    row = above;
  }
  return row[0]!;
}

/** The complete subtrees that make up a range, from left to right. A range of a proof, or a whole tree. */
export function subtreesOf({ begin, end }: LeafRange): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = begin; at < end; ) {
    let height = 0;
    // As high as its place and the end allow.
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= end) height += 1;
    subtrees.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return subtrees;
}

/** The largest power of two below a size above 1. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** What proves that leaf `index` is in the tree of that size, nearest the leaf first. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  assert(index < size, 'only a leaf of the tree is proved');
  const ranges: LeafRange[] = [];
  let { begin, end }: LeafRange = { begin: 0, end: size };
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  return ranges.toReversed();
}

/** What proves that the tree of size `first` is the beginning of the tree of size `second`. */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  assert(first <= second, 'a log only grows');
  if (first === 0) return [];
  const ranges: LeafRange[] = [];
  let { begin, end }: LeafRange = { begin: 0, end: second };
  while (end > first) {
    const middle = begin + splitOf(end - begin);
    if (first <= middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  // The part of the first tree that the loop ended on. If that is the whole first tree, the verifier has it already.
  if (begin > 0) ranges.push({ begin, end });
  return ranges.toReversed();
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0 || index >= size) return false;
  let own = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(own) || own === last) {
      hash = branchHash(sibling, hash);
      while (!isOdd(own) && own !== 0) {
        own = half(own);
        last = half(last);
      }
    } else {
      hash = branchHash(hash, sibling);
    }
    own = half(own);
    last = half(last);
  }
  return last === 0 && sameHash(hash, root);
}

export interface SizedRoot {
  readonly size: number;
  readonly root: Uint8Array;
}

/** RFC 9162, 2.1.4.2. Every tree continues the empty one. */
export function verifyConsistency(
  first: SizedRoot,
  second: SizedRoot,
  proof: readonly Uint8Array[],
): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && sameHash(first.root, second.root);
  if (first.size === 0) return proof.length === 0 && sameHash(first.root, EMPTY_ROOT);
  let own = first.size - 1;
  let last = second.size - 1;
  while (isOdd(own)) {
    own = half(own);
    last = half(last);
  }
  // Where the first tree is one complete subtree, its root begins the path.
  const path = own === 0 ? [first.root, ...proof] : proof;
  const [start, ...rest] = path;
  if (start === undefined) return false;
  let firstRoot = start;
  let secondRoot = start;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(own) || own === last) {
      firstRoot = branchHash(sibling, firstRoot);
      secondRoot = branchHash(sibling, secondRoot);
      while (!isOdd(own) && own !== 0) {
        own = half(own);
        last = half(last);
      }
    } else {
      secondRoot = branchHash(secondRoot, sibling);
    }
    own = half(own);
    last = half(last);
  }
  return last === 0 && sameHash(firstRoot, first.root) && sameHash(secondRoot, second.root);
}
