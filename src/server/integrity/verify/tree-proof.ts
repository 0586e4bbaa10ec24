/**
 * Proves the audit log line by line: the tree over the lines is built again, and each MAC must fit the tree up to it.
 *
 * A line is compared with its leaf as the tiles have it. Where the two differ, the next MAC says which of them was
 * altered, so one altered line is named alone and everything after it is still proved. Memory is bounded: two frontiers,
 * a tile of each level, and the numbers of the lines in doubt.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { appendLeaf, type Frontier, leafHash, rootOf, sameHash } from '#domain/merkle-tree.ts';
import type { Warning } from '#domain/warnings.ts';
import type { AuditRow, AuditTile } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { auditMacFits } from '../../audit/audit-log.ts';
import { MISSING_LINES_MAX, NO_LEAF } from '../../audit/lines.ts';
import { hashesIn, TILE_HASHES, TileBuilder } from '../../audit/tiles.ts';

/** Lines in doubt that are named between two MACs. */
const DOUBTS_MAX = 1000;

export interface TreeProofPorts {
  readonly reader: Reader;
  readonly barrier: Barrier;
  /** A line is not as it was written. */
  readonly onFault: (about: Warning, sentence: string) => void;
  /** The lines are right, and what is derived from them is not. */
  readonly onTile: () => void;
  /** After each line: how many there are, and the root over them if asked for. */
  readonly onSize: (size: number, root: () => Uint8Array) => void;
}

export class TreeProof {
  readonly #ports: TreeProofPorts;
  readonly #builder = new TileBuilder();
  #size = 0;
  /** Over the lines as they are. */
  #ofLines: Frontier = [];
  /** Over the leaves as the tiles have them; the same while nothing is in doubt. */
  #ofTiles: Frontier = [];
  #doubts: number[] = [];
  #lastMac = 0;
  /** The last line up to which a MAC fits. */
  #proved = 0;
  /** The first line after it whose MAC does not fit. */
  #misfit: number | undefined;
  #givenUp = false;
  #tile: { readonly index: number; readonly hashes: readonly Uint8Array[] } | undefined;
  #tilesAltered = false;

  constructor(ports: TreeProofPorts) {
    this.#ports = ports;
  }

  get frontier(): Frontier {
    return this.#ofLines;
  }

  async take(row: AuditRow): Promise<void> {
    if (row.seq !== this.#size + 1) await this.#missing(row.seq - 1);
    await this.#push(leafHash(row.event));
    // Lines older than the tree are proved by the first MAC after them.
    if (row.mac.length > 0 && row.chain.length === 0) this.#prove(row);
  }

  async end(): Promise<void> {
    if (this.#givenUp) return;
    if (this.#misfit !== undefined) {
      const from = this.#proved + 1;
      const which = from === this.#misfit ? `line ${from}` : `one of the lines ${from} to ${this.#misfit}`;
      this.#ports.onFault(
        { name: 'log-unproved', details: { from: String(from), to: String(this.#misfit) } },
        `${which} of the audit log was altered, and no line after it is proved`,
      );
    } else if (this.#lastMac < this.#size) {
      this.#ports.onFault(
        { name: 'log-unsealed-end', details: {} },
        'the audit log was truncated or extended after its last sealed line',
      );
    }
    for (const tile of this.#builder.growing()) await this.#compare(tile);
    if (this.#tilesAltered) this.#ports.onTile();
  }

  async #missing(last: number): Promise<void> {
    const first = this.#size + 1;
    this.#ports.onFault(
      { name: 'log-lines-missing', details: { from: String(first), to: String(last) } },
      first === last
        ? `the audit log lacks line ${first}`
        : `the audit log lacks the lines ${first} to ${last}`,
    );
    if (last - first >= MISSING_LINES_MAX) {
      this.#givenUp = true;
      this.#size = last;
      return;
    }
    for (let line = first; line <= last; line += 1) await this.#push(undefined);
  }

  /** @param leaf undefined where the line is missing. */
  async #push(leaf: Uint8Array | undefined): Promise<void> {
    if (this.#givenUp) {
      this.#size += 1;
      return;
    }
    const stored = await this.#stored(this.#size);
    const ofLine = leaf ?? stored ?? NO_LEAF;
    const ofTile = stored ?? ofLine;
    const same = this.#ofLines === this.#ofTiles && sameHash(ofLine, ofTile);
    this.#ofLines = appendLeaf(this.#ofLines, this.#size, ofLine);
    this.#ofTiles = same ? this.#ofLines : appendLeaf(this.#ofTiles, this.#size, ofTile);
    this.#size += 1;
    if (!sameHash(ofLine, ofTile) && this.#doubts.length < DOUBTS_MAX) this.#doubts.push(this.#size);
    for (const tile of this.#builder.push(ofTile)) await this.#compare(tile);
    const frontier = this.#ofTiles;
    this.#ports.onSize(this.#size, () => rootOf(frontier));
  }

  #prove(row: AuditRow): void {
    this.#lastMac = row.seq;
    if (this.#givenUp) return;
    const { barrier, onFault } = this.#ports;
    if (auditMacFits(barrier, row, this.#ofLines)) {
      if (this.#doubts.length > 0) this.#tilesAltered = true;
      this.#ofTiles = this.#ofLines;
    } else if (this.#ofTiles !== this.#ofLines && auditMacFits(barrier, row, this.#ofTiles)) {
      for (const line of this.#doubts) {
        const about: Warning = { name: 'log-line-altered', details: { line: String(line) } };
        onFault(about, `line ${line} of the audit log was altered`);
      }
      this.#ofLines = this.#ofTiles;
    } else {
      this.#misfit ??= row.seq;
      return;
    }
    this.#doubts = [];
    this.#proved = row.seq;
    if (this.#misfit !== undefined) {
      const about: Warning = { name: 'log-seal-altered', details: { line: String(this.#misfit) } };
      onFault(about, `the seal of line ${this.#misfit} of the audit log was altered`);
    }
    this.#misfit = undefined;
  }

  /** The leaf of a line as a full tile has it. */
  async #stored(place: number): Promise<Uint8Array | undefined> {
    const index = Math.floor(place / TILE_HASHES);
    if (this.#tile?.index !== index) {
      const tile = await this.#ports.reader.auditTile(0, index);
      this.#tile = { index, hashes: tile === undefined ? [] : hashesIn(tile) };
    }
    const { hashes } = this.#tile;
    return hashes.length === TILE_HASHES ? hashes[place % TILE_HASHES] : undefined;
  }

  async #compare({ level, index, hashes }: AuditTile): Promise<void> {
    const stored = await this.#ports.reader.auditTile(level, index);
    if (stored === undefined || !sameHash(stored, hashes)) this.#tilesAltered = true;
  }
}
