/**
 * Budgets: what one member may bring in an hour, as a bucket that fills steadily. Generous; above it the answer is
 * "later". Kept in memory: a restart forgives.
 *
 * Invariant: "later" comes true. What is larger than a whole budget is let in by a full bucket, which then owes the rest.
 */
import {
  BUDGETS_REMEMBERED_MAX,
  DEVICE_BYTES_AN_HOUR_DEFAULT,
  DEVICE_RECORDS_AN_HOUR_DEFAULT,
  SECONDARY_BYTES_AN_HOUR_DEFAULT,
  SECONDARY_RECORDS_AN_HOUR_DEFAULT,
} from '#domain/limits.ts';
import type { Clock } from '../environment/environment.ts';

/** What one device, and one secondary, may bring in an hour. */
export interface Budgets {
  readonly deviceRecordsAnHour: number;
  readonly deviceBytesAnHour: number;
  readonly secondaryRecordsAnHour: number;
  readonly secondaryBytesAnHour: number;
}

export const BUDGETS_DEFAULT: Budgets = {
  deviceRecordsAnHour: DEVICE_RECORDS_AN_HOUR_DEFAULT,
  deviceBytesAnHour: DEVICE_BYTES_AN_HOUR_DEFAULT,
  secondaryRecordsAnHour: SECONDARY_RECORDS_AN_HOUR_DEFAULT,
  secondaryBytesAnHour: SECONDARY_BYTES_AN_HOUR_DEFAULT,
};

const HOUR_MS = 3_600_000;

interface Bucket {
  records: number;
  bytes: number;
  at: number;
}

export class Budget {
  readonly #records: number;
  readonly #bytes: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(records: number, bytes: number, clock: Clock) {
    this.#records = records;
    this.#bytes = bytes;
    this.#clock = clock;
  }

  /** Whether the member may bring this much now; takes it from its budget if so. */
  take(memberId: string, records: number, bytes: number): boolean {
    const now = this.#clock();
    const bucket = this.#buckets.get(memberId) ?? { records: this.#records, bytes: this.#bytes, at: now };
    // A clock that goes back gives nothing and takes nothing.
    const share = Math.max(0, now - bucket.at) / HOUR_MS;
    bucket.records = Math.min(this.#records, bucket.records + share * this.#records);
    bucket.bytes = Math.min(this.#bytes, bucket.bytes + share * this.#bytes);
    bucket.at = now;
    this.#remember(memberId, bucket);
    if (bucket.records < Math.min(records, this.#records)) return false;
    if (bucket.bytes < Math.min(bytes, this.#bytes)) return false;
    bucket.records -= records;
    bucket.bytes -= bytes;
    return true;
  }

  /** After how many milliseconds the member may bring this much, if it brings nothing until then. */
  msUntil(memberId: string, records: number, bytes: number): number {
    const bucket = this.#buckets.get(memberId);
    if (bucket === undefined) return 0;
    const missing = Math.max(
      (Math.min(records, this.#records) - bucket.records) / this.#records,
      (Math.min(bytes, this.#bytes) - bucket.bytes) / this.#bytes,
    );
    const ready = bucket.at + missing * HOUR_MS;
    // One more, for what sums of fractions lose.
    return Math.max(0, Math.ceil(ready - this.#clock()) + 1);
  }

  /** As the last, and the first is forgotten: a million devices must not cost memory for each. */
  #remember(memberId: string, bucket: Bucket): void {
    this.#buckets.delete(memberId);
    this.#buckets.set(memberId, bucket);
    if (this.#buckets.size <= BUDGETS_REMEMBERED_MAX) return;
    const [first] = this.#buckets.keys();
    if (first !== undefined) this.#buckets.delete(first);
  }
}
