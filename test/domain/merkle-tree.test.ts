/** The Merkle tree: RFC 6962's hashing, and proofs of any leaf and any two sizes that a verifier accepts, and no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendLeaf,
  consistencyRanges,
  EMPTY_ROOT,
  type Frontier,
  inclusionRanges,
  leafHash,
  type LeafRange,
  branchHash,
  rootOf,
  sameHash,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from '#domain/merkle-tree.ts';
import { sha256 } from '#domain/sha-256.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The eight entries and the roots that every implementation of RFC 6962 is tried with. */
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const A = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
const B = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
const C = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';

/** Computed as the RFC defines it, by splitting. */
function rootBySplitting(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256('');
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return branchHash(rootBySplitting(leaves.slice(0, split)), rootBySplitting(leaves.slice(split)));
}

function hashesOf(leaves: readonly Uint8Array[], ranges: readonly LeafRange[]): Uint8Array[] {
  return ranges.map(({ begin, end }) => rootBySplitting(leaves.slice(begin, end)));
}

const vectorLeaves = ENTRIES.map((entry) => sha256(Buffer.concat([Buffer.of(0), Buffer.from(entry, 'hex')])));
const someLeaves = Array.from({ length: 300 }, (_, at) => leafHash(`line ${at}`));

test('leaves, nodes and roots are hashed as in RFC 6962', () => {
  assert.equal(hex(EMPTY_ROOT), ROOTS[0]);
  assert.equal(hex(leafHash('')), ROOTS[1]);
  let frontier: Frontier = [];
  for (const [size, leaf] of vectorLeaves.entries()) {
    frontier = appendLeaf(frontier, size, leaf);
    assert.equal(hex(rootOf(frontier)), ROOTS[size + 1]);
  }
});

test('the known proofs of the eight entries come out', () => {
  const proof = (ranges: readonly LeafRange[]) => hashesOf(vectorLeaves, ranges).map(hex);
  assert.deepEqual(proof(inclusionRanges(0, 8)), [A, B, C]);
  assert.deepEqual(proof(inclusionRanges(0, 1)), []);
  assert.deepEqual(proof(consistencyRanges(1, 8)), [A, B, C]);
  assert.deepEqual(proof(consistencyRanges(6, 8)), [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    ROOTS[4],
  ]);
  assert.deepEqual(proof(consistencyRanges(2, 5)), [
    B,
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ]);
});

test('a log that grows has at each size the root of the whole tree', () => {
  let frontier: Frontier = [];
  for (const [size, leaf] of someLeaves.entries()) {
    frontier = appendLeaf(frontier, size, leaf);
    assert.equal(hex(rootOf(frontier)), hex(rootBySplitting(someLeaves.slice(0, size + 1))));
    assert.equal(frontier.length, subtreesOf({ begin: 0, end: size + 1 }).length);
  }
});

const size = fc.integer({ min: 1, max: someLeaves.length });

test('every leaf of a tree of any size is proved, and no other leaf, place or size by that proof', () => {
  fc.assert(
    fc.property(size, fc.nat(), fc.nat(), fc.nat(), (size, place, other, flip) => {
      const index = place % size;
      const root = rootBySplitting(someLeaves.slice(0, size));
      const proof = hashesOf(someLeaves, inclusionRanges(index, size));
      assert.ok(verifyInclusion(index, size, someLeaves[index]!, proof, root));
      const wrong = other % size;
      if (wrong !== index) {
        assert.ok(!verifyInclusion(index, size, someLeaves[wrong]!, proof, root));
        assert.ok(!verifyInclusion(wrong, size, someLeaves[index]!, proof, root));
      }
      assert.ok(!verifyInclusion(size, size, someLeaves[index]!, proof, root));
      assert.ok(!verifyInclusion(index, size, someLeaves[index]!, [...proof, root], root));
      if (proof.length === 0) return;
      assert.ok(!verifyInclusion(index, size, someLeaves[index]!, proof.slice(1), root));
      const bent = proof.map((hash, at) => (at === flip % proof.length ? sha256(hash) : hash));
      assert.ok(!verifyInclusion(index, size, someLeaves[index]!, bent, root));
    }),
  );
});

test('any size continues any smaller one by its proof, and no rewritten one', () => {
  fc.assert(
    fc.property(size, size, fc.nat(), (one, two, flip) => {
      const [first, second] = one <= two ? [one, two] : [two, one];
      const at = (size: number, leaves = someLeaves) => ({
        size,
        root: rootBySplitting(leaves.slice(0, size)),
      });
      const proof = hashesOf(someLeaves, consistencyRanges(first, second));
      assert.ok(verifyConsistency(at(first), at(second), proof));
      assert.ok(!verifyConsistency(at(second), at(first), proof) || first === second);
      assert.ok(!verifyConsistency(at(first), at(second), [...proof, EMPTY_ROOT]));
      const rewritten = someLeaves.map((leaf, place) => (place === flip % first ? sha256(leaf) : leaf));
      assert.ok(!verifyConsistency(at(first), at(second, rewritten), proof));
      assert.ok(
        !verifyConsistency(
          at(first),
          at(second, rewritten),
          hashesOf(rewritten, consistencyRanges(first, second)),
        ),
      );
      if (proof.length > 0) assert.ok(!verifyConsistency(at(first), at(second), proof.slice(1)));
    }),
  );
});

test('every tree continues the empty one, and only with its root', () => {
  assert.ok(verifyConsistency({ size: 0, root: EMPTY_ROOT }, { size: 8, root: vectorLeaves[0]! }, []));
  assert.ok(!verifyConsistency({ size: 0, root: vectorLeaves[0]! }, { size: 8, root: vectorLeaves[0]! }, []));
});

test('sizes beyond 32 bits are cut into subtrees that make them up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (size) => {
      const subtrees = subtreesOf({ begin: 0, end: size });
      assert.equal(
        subtrees.reduce((sum, { height }) => sum + 2 ** height, 0),
        size,
      );
      for (const { begin, end } of inclusionRanges(size - 1, size)) {
        assert.ok(begin < end && end <= size && subtreesOf({ begin, end }).length <= 53);
      }
    }),
  );
  assert.ok(sameHash(EMPTY_ROOT, EMPTY_ROOT));
});
