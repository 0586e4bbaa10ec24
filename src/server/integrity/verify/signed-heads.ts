/**
 * Compares the audit log with the checkpoints that were signed of it: a truncated log is whole in itself, and ends before
 * one of them.
 */
import type { LogHead } from '#domain/audit-log.ts';
import { toHex } from '#domain/hex.ts';
import type { Warning } from '#domain/warnings.ts';
import type { Reader } from '#store/transaction.ts';
import { readOwnCheckpoint } from '../../checkpoints/checkpoints.ts';
import { readCountersigned } from '../../hierarchy/primary/tell-log.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';

/** This server's last checkpoint, and the last one that its primary countersigned. */
export async function signedHeads(rows: TrustedRows, reader: Reader): Promise<readonly LogHead[]> {
  const heads = [await readOwnCheckpoint(rows, reader), await readCountersigned(rows, reader)];
  return heads.filter((head) => head !== undefined);
}

export class SignedHeads {
  readonly #heads: readonly LogHead[];
  readonly #fault: (about: Warning, sentence: string) => void;
  #size = 0;

  constructor(heads: readonly LogHead[], fault: (about: Warning, sentence: string) => void) {
    this.#heads = heads;
    this.#fault = fault;
  }

  reached(size: number, root: () => Uint8Array): void {
    this.#size = size;
    for (const head of this.#heads) {
      if (head.size !== size || head.root === toHex(root())) continue;
      this.#fault(
        { name: 'log-not-as-signed', details: { lines: String(size) } },
        `the first ${size} lines of the audit log are not those of the checkpoint that was signed`,
      );
    }
  }

  end(): void {
    const longest = Math.max(0, ...this.#heads.map(({ size }) => size));
    if (longest <= this.#size) return;
    this.#fault(
      { name: 'log-truncated', details: { line: String(this.#size), signed: String(longest) } },
      `the audit log ends at line ${this.#size}, and a checkpoint of ${longest} lines was signed: it was truncated`,
    );
  }
}
