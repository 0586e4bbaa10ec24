/**
 * Keys that a repair could not recover at once, remembered while the process runs. When a device, a transmission, a
 * receipt, a file or a lookup brings such a record, its row is repaired in the transaction that would have recorded it.
 *
 * Invariant: what is remembered only says where to look; what may be stored is proved there.
 */
import type { Transaction } from '#store/transaction.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import type { WantedKeys } from '../../repository/wanted-keys.ts';
import { type DamagedRange, mayBelong } from './damaged-range.ts';
import { repairRange, type RepairRangePorts } from './repair-range.ts';

export class PendingRepairs implements WantedKeys {
  readonly #ports: RepairRangePorts;
  #groups: readonly DamagedRange[] = [];

  constructor(ports: RepairRangePorts) {
    this.#ports = ports;
  }

  /** Replaces the keys wanted before. */
  want(groups: readonly DamagedRange[]): void {
    this.#groups = groups;
  }

  get none(): boolean {
    return this.#groups.length === 0;
  }

  from(deviceId: string): boolean {
    return this.#groups.some(
      ({ sources }) =>
        sources.size === 0 || sources.has(`device:${deviceId}`) || sources.has(`receipt:${deviceId}`),
    );
  }

  takes(key: CheckedKey): boolean {
    return this.#groups.some((group) => mayBelong(group, key));
  }

  has(seq: number): boolean {
    return this.#groups.some(({ from, to }) => seq >= from && seq <= to);
  }

  async repair(transaction: Transaction, keys: readonly CheckedKey[], from: string): Promise<void> {
    for (const group of this.#groups) {
      const fitting = keys.filter((key) => mayBelong(group, key));
      if (fitting.length === 0) continue;
      const { repaired, whole } = await repairRange(this.#ports, transaction, group, fitting, {
        from,
        by: from,
      });
      // Dropped only if the group was already whole: this transaction may still be undone.
      if (whole && repaired.length === 0) this.#groups = this.#groups.filter((one) => one !== group);
    }
  }
}
