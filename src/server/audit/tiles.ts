/**
 * Stores the tree of the audit log as tiles of 256 hashes, as C2SP tlog-tiles divides a tree. A tile is derived from
 * the lines, and its readers trust it no more than the lines.
 *
 * How it flows: 256 lines make a full tile of level 0. Its root is one hash in a tile of level 1, and so on. To answer
 * for any size, one tile per level and the newest lines are read.
 */
import { assert, KeystairError } from '#domain/errors.ts';
import {
  completeRoot,
  type Frontier,
  HASH_BYTES,
  leafHash,
  type LeafRange,
  rootOf,
  type Subtree,
  subtreesOf,
} from '#domain/merkle-tree.ts';
import { step } from '#domain/step.ts';
import type { AuditTile } from '#store/rows.ts';
import type { Reader, Transaction } from '#store/transaction.ts';

/** Hashes of a full tile. */
export const TILE_HASHES = 256;
/** Levels of the tree within one tile: 256 = 2^8. */
const TILE_HEIGHT = 8;

export function hashesIn(tile: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at + HASH_BYTES <= tile.length; at += HASH_BYTES)
    hashes.push(tile.subarray(at, at + HASH_BYTES));
  return hashes;
}

/** Hashes of the tree as one reader sees it. Made for one operation, since it caches what it read. */
export class TileReader {
  readonly #reader: Reader;
  readonly #read = new Map<string, readonly Uint8Array[]>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The root over a range that is aligned to its length, as in proofs, or over a whole tree. Throws `data-damaged`. */
  async hashOf(range: LeafRange): Promise<Uint8Array> {
    return rootOf(await this.#roots(range));
  }

  /** Throws `data-damaged`. */
  frontier(size: number): Promise<Frontier> {
    return this.#roots({ begin: 0, end: size });
  }

  async #roots(range: LeafRange): Promise<Uint8Array[]> {
    const roots: Uint8Array[] = [];
    for (const subtree of subtreesOf(range)) roots.push(await this.#root(subtree));
    return roots;
  }

  async #root({ height, index }: Subtree): Promise<Uint8Array> {
    const level = Math.floor(height / TILE_HEIGHT);
    const width = 2 ** (height % TILE_HEIGHT);
    const first = index * width;
    const from = first % TILE_HASHES;
    const hashes = await this.#hashes(level, Math.floor(first / TILE_HASHES));
    if (hashes.length < from + width) {
      throw new KeystairError('data-damaged', 'the tree of the audit log is damaged in the database', {
        nextStep: step('verify-and-restore'),
      });
    }
    return completeRoot(hashes.slice(from, from + width));
  }

  async #hashes(level: number, index: number): Promise<readonly Uint8Array[]> {
    const name = `${level} ${index}`;
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const tile = await this.#reader.auditTile(level, index);
    const hashes =
      tile === undefined && level === 0 ? await newestLeaves(this.#reader, index) : hashesIn(tile ?? NOTHING);
    this.#read.set(name, hashes);
    return hashes;
  }
}

const NOTHING = new Uint8Array(0);

/** The leaves of the last tile of level 0, which is stored only when full. */
async function newestLeaves(reader: Reader, index: number): Promise<Uint8Array[]> {
  const before = index * TILE_HASHES;
  const leaves: Uint8Array[] = [];
  for (const { seq, event } of await reader.auditAfter(before, TILE_HASHES)) {
    // After a missing line, the places of all others are unknown.
    if (seq !== before + leaves.length + 1) break;
    leaves.push(leafHash(event));
  }
  return leaves;
}

/**
 * Stores the tiles that became full, or grew, while the log grew from one size to another. A stored tile of the wrong
 * length is left alone: the next start rebuilds the tree.
 */
export async function storeTiles(transaction: Transaction, from: number, to: number): Promise<void> {
  for (let index = Math.floor(from / TILE_HASHES); (index + 1) * TILE_HASHES <= to; index += 1) {
    const leaves = await newestLeaves(transaction, index);
    if (leaves.length < TILE_HASHES) return;
    await transaction.putAuditTile({ level: 0, index, hashes: Buffer.concat(leaves) });
    if (!(await storeAbove(transaction, 1, index, completeRoot(leaves)))) return;
  }
}

/** @param place of the hash among all of that level. Returns whether the tile had room for it there. */
async function storeAbove(
  transaction: Transaction,
  level: number,
  place: number,
  hash: Uint8Array,
): Promise<boolean> {
  const index = Math.floor(place / TILE_HASHES);
  const at = place % TILE_HASHES;
  const before = at === 0 ? NOTHING : ((await transaction.auditTile(level, index)) ?? NOTHING);
  if (before.length !== at * HASH_BYTES) return false;
  const hashes = Buffer.concat([before, hash]);
  await transaction.putAuditTile({ level, index, hashes });
  if (at + 1 < TILE_HASHES) return true;
  return storeAbove(transaction, level + 1, index, completeRoot(hashesIn(hashes)));
}

/** Makes all tiles from the leaves, one after another. Holds one tile per level in memory. */
export class TileBuilder {
  readonly #levels: Uint8Array[][] = [[]];
  readonly #full: number[] = [0];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the tiles that this leaf completed. */
  push(leaf: Uint8Array): AuditTile[] {
    this.#size += 1;
    const tiles: AuditTile[] = [];
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const hashes = (this.#levels[level] ??= []);
      const index = (this.#full[level] ??= 0);
      hashes.push(hash);
      if (hashes.length < TILE_HASHES) return tiles;
      tiles.push({ level, index, hashes: Buffer.concat(hashes) });
      hash = completeRoot(hashes);
      this.#levels[level] = [];
      this.#full[level] = index + 1;
    }
  }

  /** The tiles above level 0 that are not full yet. */
  growing(): AuditTile[] {
    return this.#levels.flatMap((hashes, level) =>
      level === 0 || hashes.length === 0
        ? []
        : [{ level, index: this.#full[level]!, hashes: Buffer.concat(hashes) }],
    );
  }

  frontier(): Frontier {
    return this.#levels.toReversed().flatMap((hashes) =>
      subtreesOf({ begin: 0, end: hashes.length }).map(({ height, index }) => {
        const width = 2 ** height;
        assert(hashes.length >= (index + 1) * width, 'the subtrees of a tile are within it');
        return completeRoot(hashes.slice(index * width, (index + 1) * width));
      }),
    );
  }
}
