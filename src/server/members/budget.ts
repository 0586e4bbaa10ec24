/**
 * Budgets: what one member may do in an hour, as a bucket that fills steadily. Budgets are generous; beyond them the
 * answer is `later`. They are kept in memory: a restart forgives.
 *
 * Invariants: `later` comes true. A full bucket admits an amount larger than a whole budget, and then owes the rest.
 * Asking whether something fits changes nothing, so work that the store may run again can ask.
 */
import { BUDGETS_REMEMBERED_MAX } from '#domain/limits.ts';
import type { Clock } from '../environment/environment.ts';

/** What is counted. A budget bounds only the parts that it names. */
export interface Amount {
  readonly calls?: number;
  readonly records?: number;
  readonly bytes?: number;
}

const UNITS = ['calls', 'records', 'bytes'] as const;
const HOUR_MS = 3_600_000;

type Levels = Readonly<Record<(typeof UNITS)[number], number>>;

interface Bucket extends Levels {
  readonly at: number;
}

export class Budget {
  readonly #anHour: Levels;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor({ calls = Infinity, records = Infinity, bytes = Infinity }: Amount, clock: Clock) {
    this.#anHour = { calls, records, bytes };
    this.#clock = clock;
  }

  /** Whether the member may do this much now. */
  fits(memberId: string, amount: Amount): boolean {
    const bucket = this.#filled(memberId);
    return UNITS.every((unit) => bucket[unit] >= this.#asked(amount, unit));
  }

  /** Charges the member's budget, which may then owe the rest. */
  charge(memberId: string, amount: Amount): void {
    const { at, ...bucket } = this.#filled(memberId);
    const levels = { ...bucket };
    for (const unit of UNITS) levels[unit] -= amount[unit] ?? 0;
    this.#remember(memberId, { ...levels, at });
  }

  /** Whether the member may do this much now; if so, charges its budget. */
  take(memberId: string, amount: Amount): boolean {
    if (!this.fits(memberId, amount)) return false;
    this.charge(memberId, amount);
    return true;
  }

  /** After how many milliseconds the member may do this much, if it does nothing until then. */
  msUntil(memberId: string, amount: Amount): number {
    const bucket = this.#filled(memberId);
    const missing = UNITS.filter((unit) => bucket[unit] < this.#asked(amount, unit)).map(
      (unit) => (this.#asked(amount, unit) - bucket[unit]) / this.#anHour[unit],
    );
    if (missing.length === 0) return 0;
    // One more, for what is lost when fractions are summed.
    return Math.max(0, Math.ceil(bucket.at + Math.max(...missing) * HOUR_MS - this.#clock()) + 1);
  }

  /** A full bucket is enough for any amount. */
  #asked(amount: Amount, unit: (typeof UNITS)[number]): number {
    return Math.min(amount[unit] ?? 0, this.#anHour[unit]);
  }

  #filled(memberId: string): Bucket {
    const now = this.#clock();
    const bucket = this.#buckets.get(memberId);
    if (bucket === undefined) return { ...this.#anHour, at: now };
    if (now < bucket.at) {
      // A clock that goes back gives nothing and takes nothing: the bucket fills from here on.
      const moved = { ...bucket, at: now };
      this.#buckets.set(memberId, moved);
      return moved;
    }
    const share = (now - bucket.at) / HOUR_MS;
    const level = (unit: (typeof UNITS)[number]): number =>
      this.#anHour[unit] === Infinity
        ? Infinity
        : Math.min(this.#anHour[unit], bucket[unit] + share * this.#anHour[unit]);
    return { calls: level('calls'), records: level('records'), bytes: level('bytes'), at: now };
  }

  /** Stored last; the first is forgotten, so that a million devices do not each cost memory. */
  #remember(memberId: string, bucket: Bucket): void {
    this.#buckets.delete(memberId);
    this.#buckets.set(memberId, bucket);
    if (this.#buckets.size <= BUDGETS_REMEMBERED_MAX) return;
    const [first] = this.#buckets.keys();
    if (first !== undefined) this.#buckets.delete(first);
  }
}
