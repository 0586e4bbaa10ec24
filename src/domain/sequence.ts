/**
 * A repository's sequence: numbers without gaps, each with a chain value, c(n) = SHA-256(c(n−1) ‖ digest). The audit
 * log is chained the same way over its leaf hashes. Two servers that agree on a number and its chain value agree on
 * everything up to it.
 */
import { sha256 } from './sha-256.ts';

export interface Position {
  readonly seq: number;
  /** 32 bytes. */
  readonly chain: Uint8Array;
}

/** Before the first record. */
export const SEQUENCE_START: Position = { seq: 0, chain: new Uint8Array(32) };

const link = Buffer.alloc(64);

/** The chain value after a record with this digest. */
export function nextChainValue(chain: Uint8Array, digest: Uint8Array): Buffer {
  link.set(chain, 0);
  link.set(digest, 32);
  return sha256(link);
}

export function samePosition(left: Position, right: Position): boolean {
  return left.seq === right.seq && Buffer.compare(left.chain, right.chain) === 0;
}

/**
 * What a secondary concludes from the position its primary says it has received: `continue` from there, or `new-epoch`
 * because this repository is not the one the primary heard (restored to an older copy, or run twice).
 *
 * @param ownChain this repository's chain value at that number, undefined beyond its head.
 */
export function judgeAcknowledged(
  acknowledged: Position,
  ownChain: Uint8Array | undefined,
): 'continue' | 'new-epoch' {
  if (ownChain === undefined) return 'new-epoch';
  return Buffer.compare(ownChain, acknowledged.chain) === 0 ? 'continue' : 'new-epoch';
}
