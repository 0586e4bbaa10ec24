/**
 * Keys that a repair could not have again at once, remembered while the process runs: whatever brings such a record, a
 * transmission, a receipt, a file or a lookup, mends its row in the transaction that would have recorded it. Invariant:
 * what is remembered only says where to look; what may be put in is proved there.
 */
import type { Transaction } from '#store/store.ts';
import type { CheckedKey } from '../../records/record-keys.ts';
import { type DamagedGroup, mayBelong } from './damaged-group.ts';
import { mendGroup, type MendPorts } from './mend-group.ts';

export class WantedKeys {
  readonly #ports: MendPorts;
  #groups: readonly DamagedGroup[] = [];

  constructor(ports: MendPorts) {
    this.#ports = ports;
  }

  /** In the place of those wanted before. */
  want(groups: readonly DamagedGroup[]): void {
    this.#groups = groups;
  }

  get none(): boolean {
    return this.#groups.length === 0;
  }

  /** Whether that device may keep receipts for some of them. */
  from(deviceId: string): boolean {
    return this.#groups.some(
      ({ sources }) =>
        sources.size === 0 || sources.has(`device:${deviceId}`) || sources.has(`receipt:${deviceId}`),
    );
  }

  /** Whether such a record is wanted. */
  takes(key: CheckedKey): boolean {
    return this.#groups.some((group) => mayBelong(group, key));
  }

  /** Whether a key of that number is wanted. */
  has(seq: number): boolean {
    return this.#groups.some(({ from, to }) => seq >= from && seq <= to);
  }

  /** @param from who brings the keys. */
  async mend(transaction: Transaction, keys: readonly CheckedKey[], from: string): Promise<void> {
    for (const group of this.#groups) {
      const fitting = keys.filter((key) => mayBelong(group, key));
      if (fitting.length === 0) continue;
      const { mended, whole } = await mendGroup(this.#ports, transaction, group, fitting, {
        from,
        by: from,
      });
      // Dropped when it was whole already: this work may still be undone.
      if (whole && mended.length === 0) this.#groups = this.#groups.filter((one) => one !== group);
    }
  }
}
