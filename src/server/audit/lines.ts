/** Reads the lines of the audit log page by page, for computations over all of them. */
import { type Frontier, HASH_BYTES, leafHash, subtreesOf } from '#domain/merkle-tree.ts';
import type { AuditRow } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { TileBuilder } from './tiles.ts';

/** Lines read at a time; a page takes some 5 ms. */
const PAGE_LINES = 512;

/** The leaf in the place of a missing line. */
export const NO_LEAF = new Uint8Array(HASH_BYTES);
/** If more lines than this are missing in one place, a line's number was altered, and they are not filled in. */
export const MISSING_LINES_MAX = 1_000_000;

/** Pages of lines up to a number. */
export async function* pagesOfLines(reader: Reader, size: number): AsyncGenerator<readonly AuditRow[]> {
  for (let after = 0; after < size; ) {
    const rows = (await reader.auditAfter(after, PAGE_LINES)).filter(({ seq }) => seq <= size);
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)!.seq;
  }
}

/** The leaves of these lines; a missing line is a leaf of zeros, so that all others keep their places. */
export function* leavesOf(rows: readonly AuditRow[], before: number): Generator<Uint8Array> {
  let at = before;
  for (const { seq, event } of rows) {
    for (let missing = Math.min(seq - at - 1, MISSING_LINES_MAX); missing > 0; missing -= 1) yield NO_LEAF;
    yield leafHash(event);
    at = seq;
  }
}

export async function frontierOfLines(reader: Reader, size: number): Promise<Frontier> {
  const builder = new TileBuilder();
  for await (const rows of pagesOfLines(reader, size)) {
    for (const leaf of leavesOf(rows, builder.size)) builder.push(leaf);
  }
  return frontierAt(builder, size);
}

/**
 * The builder's frontier, if it has that size. If not, line numbers were altered; then later lines keep their places,
 * and no MAC will match.
 */
export function frontierAt(builder: TileBuilder, size: number): Frontier {
  if (builder.size === size) return builder.frontier();
  return subtreesOf({ begin: 0, end: size }).map(() => NO_LEAF);
}
