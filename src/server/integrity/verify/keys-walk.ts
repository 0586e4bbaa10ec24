/**
 * Walks through the keys in order: opens each record, recomputes its digest, and checks each chain value against the
 * one before. Invariant: a row that is as it was recorded is never named, whatever happened to its neighbours.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { checkKey, keyFromCanonical } from '#domain/encryption-key.ts';
import { nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import { openStoredKey } from '../../records/record-keys.ts';
import type { DamagedRow, Findings, KeyFault } from './findings.ts';

const PAGE = 500;

/** A row whose chain value does not follow from the previous row. The next row tells which of the two is wrong. */
interface Doubt extends DamagedRow {
  readonly chain: Uint8Array;
  /** The previous row is already named: that is why this one does not follow. */
  readonly explained: boolean;
}

/** @param onPage after each page, with the number reached. */
export async function walkKeys(
  { reader, barrier }: { readonly reader: Reader; readonly barrier: Barrier },
  findings: Findings,
  onPage: (seq: number) => Promise<void>,
): Promise<number> {
  const walk = new KeysWalk(barrier, findings);
  for (;;) {
    const rows = await reader.keysAfter(walk.seq, PAGE);
    for (const row of rows) walk.step(row);
    await onPage(walk.seq);
    if (rows.length < PAGE) break;
  }
  walk.end();
  return walk.seq;
}

class KeysWalk {
  readonly #barrier: Barrier;
  readonly #findings: Findings;
  #seq = SEQUENCE_START.seq;
  /** What the chain value at that number should be. */
  #chain: Uint8Array = SEQUENCE_START.chain;
  #doubt: Doubt | undefined;

  constructor(barrier: Barrier, findings: Findings) {
    this.#barrier = barrier;
    this.#findings = findings;
  }

  get seq(): number {
    return this.#seq;
  }

  step(row: StoredKey): void {
    const { digest, faults } = judgeRow(this.#barrier, row);
    if (row.seq === this.#seq + 1) {
      this.#continue(row, digest);
    } else {
      this.#settle('chain');
      this.#findings.missing(this.#seq + 1, row.seq - 1);
      // Nothing is there to check it against. The next row checks it.
      this.#chain = row.chain;
    }
    for (const fault of faults) this.#findings.damaged(row, fault);
    this.#seq = row.seq;
  }

  end(): void {
    this.#settle('chain');
  }

  #continue(row: StoredKey, digest: Uint8Array): void {
    const computed = nextChainValue(this.#chain, digest);
    const { chain } = row;
    if (same(computed, chain)) {
      this.#settle('chain');
      this.#chain = chain;
    } else if (this.#doubt !== undefined && same(nextChainValue(this.#doubt.chain, digest), chain)) {
      // The chain value there is right, so it was made from another digest or after another row.
      if (this.#doubt.explained) this.#doubt = undefined;
      this.#settle('other-record');
      this.#chain = chain;
    } else {
      const explained = this.#doubt !== undefined;
      this.#settle('chain');
      const { seq, id, receivedFrom, fields } = row;
      this.#doubt = { seq, id, digest: row.digest, receivedFrom, fields, chain, explained };
      this.#chain = computed;
    }
  }

  #settle(fault: KeyFault): void {
    if (this.#doubt !== undefined) this.#findings.damaged(this.#doubt, fault);
    this.#doubt = undefined;
  }
}

/** The digest of the record in the row; if it does not open, the digest that the row names. */
function judgeRow(
  barrier: Barrier,
  row: StoredKey,
): { readonly digest: Uint8Array; readonly faults: readonly KeyFault[] } {
  try {
    const { digest } = checkKey(openStoredKey(barrier, row));
    const faults: KeyFault[] = [];
    if (!same(digest, row.digest)) faults.push('digest');
    if (keyFromCanonical(row.id, row.fields).device.id !== row.deviceId) faults.push('device');
    return { digest, faults };
  } catch {
    // It does not open or is no key: the row is not what was recorded.
    return { digest: row.digest, faults: ['unreadable'] };
  }
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
