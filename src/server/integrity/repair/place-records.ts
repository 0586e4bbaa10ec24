/**
 * Finds which record belongs at which number of a damaged run. Invariant: an answer fits the chain from the row before
 * the run to what is recorded at its end or behind it. There is no other proof, and so no guess.
 */
import { nextChainValue } from '#domain/sequence.ts';
import type { StoredKey } from '#store/rows.ts';
import { toHex } from '#domain/hex.ts';

/** Something with a digest that may belong at a number. */
export interface Fitting {
  readonly id: string;
  readonly digest: Uint8Array;
}

export interface Slot<T extends Fitting> {
  readonly seq: number;
  /** The row as it is, damaged. */
  readonly row: StoredKey | undefined;
  /**
   * Records that may belong here by their id or digest, likely ones first. The others of the pool are tried after them.
   */
  readonly likely: readonly T[];
}

export interface Placed<T extends Fitting> {
  readonly seq: number;
  readonly chain: Uint8Array;
  /** Undefined if the row stays as it is: the record was not found, and digest and chain value are right. */
  readonly record: T | undefined;
}

export interface Run<T extends Fitting> {
  /** The chain value before its first number. */
  readonly before: Uint8Array;
  readonly slots: readonly Slot<T>[];
  /** The row behind its last number; undefined if that number is the last of all. */
  readonly next: Pick<StoredKey, 'digest' | 'chain'> | undefined;
  readonly pool: readonly T[];
}

/** Links tried at most, some 50 ms. */
const TRIES_MAX = 50_000;

/** Undefined if nothing fits. */
export function placeRecords<T extends Fitting>(run: Run<T>): readonly Placed<T>[] | undefined {
  return new Search(run).from(0, run.before, 0);
}

class Search<T extends Fitting> {
  readonly #run: Run<T>;
  readonly #used = new Set<string>();
  /**
   * Every chain value recorded in the run, at its own number or at another. A computed value that is among them is
   * right.
   */
  readonly #recorded: ReadonlySet<string>;
  #tries = 0;

  constructor(run: Run<T>) {
    this.#run = run;
    this.#recorded = new Set(
      run.slots.map(({ row }) => row).flatMap((row) => (row === undefined ? [] : [toHex(row.chain)])),
    );
  }

  /** @param poolAt where in the pool to begin: what was sent in order comes in order. */
  from(at: number, chain: Uint8Array, poolAt: number): readonly Placed<T>[] | undefined {
    const slot = this.#run.slots[at];
    if (slot === undefined) return [];
    const { pool } = this.#run;
    for (const recorded of [true, false]) {
      for (const record of slot.likely) {
        const found = this.#try(at, chain, record, poolAt, recorded);
        if (found !== undefined) return found;
      }
      for (let offset = 0; offset < pool.length; offset += 1) {
        const index = (poolAt + offset) % pool.length;
        const found = this.#try(at, chain, pool[index]!, index + 1, recorded);
        if (found !== undefined) return found;
      }
    }
    return this.#leave(at, chain, slot, poolAt);
  }

  /** @param recorded true: only if the record leads to a recorded chain value; false: only if it does not. */
  #try(
    at: number,
    before: Uint8Array,
    record: T,
    poolAt: number,
    recorded: boolean,
  ): readonly Placed<T>[] | undefined {
    if (this.#used.has(record.id) || this.#tries >= TRIES_MAX) return undefined;
    this.#tries += 1;
    const chain = nextChainValue(before, record.digest);
    if (this.#recorded.has(toHex(chain)) !== recorded || !this.#fits(at, before, chain, record.digest)) {
      return undefined;
    }
    this.#used.add(record.id);
    const rest = this.from(at + 1, chain, poolAt);
    this.#used.delete(record.id);
    return rest && [{ seq: this.#run.slots[at]!.seq, chain, record }, ...rest];
  }

  /** A row whose record nobody has keeps its place if its digest and chain value are right. */
  #leave(
    at: number,
    before: Uint8Array,
    { seq, row }: Slot<T>,
    poolAt: number,
  ): readonly Placed<T>[] | undefined {
    if (row === undefined || !same(nextChainValue(before, row.digest), row.chain)) return undefined;
    const rest = this.from(at + 1, row.chain, poolAt);
    return rest && [{ seq, chain: row.chain, record: undefined }, ...rest];
  }

  /** In the middle any record may stand. At the end, what was recorded there or behind it decides. */
  #fits(at: number, before: Uint8Array, chain: Uint8Array, digest: Uint8Array): boolean {
    const { slots, next } = this.#run;
    if (at < slots.length - 1) return true;
    const { row } = slots[at]!;
    if (row !== undefined && same(row.chain, chain)) return true;
    if (next !== undefined) return same(nextChainValue(chain, next.digest), next.chain);
    const previous = slots[at - 1];
    const previousRecorded =
      previous === undefined || (previous.row !== undefined && same(previous.row.chain, before));
    return previousRecorded && row !== undefined && same(row.digest, digest);
  }
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
