/**
 * Provisions: a key leaves for a member only after an event of the last minute that tells of it is durable; and after
 * an orderly end the audit log tells how often. What a crash loses is only how often, so all is counted by a server's
 * life.
 */
import { COUNTING_WINDOW_MS } from '#domain/limits.ts';
import type { AuditRow } from '#store/rows.ts';
import type { Instance } from '../world/instance.ts';
import type { Life } from '../world/life.ts';
import { AUDITED } from './departures.ts';
import type { Facts } from './facts.ts';

const COUNTED = 'the audit log tells how often each key was given to each member';
/** Between the event and the answer the link is looked at once more. */
const SPARE_MS = 30_000;

interface Counts {
  /** When the last event that was written for the first of a window became durable. */
  writtenAt: number;
  /** Questions that came; at most so many keys left. */
  asked: number;
  left: number;
  told: number;
}

/** What left, and for whom, as the audit log names it. */
export function provisionName(key: string, as: 'key' | 'file-key', by: string): string {
  return `${key} ${as} ${by}`;
}

export class ProvisionCounts {
  readonly #facts: Facts;
  readonly #counts = new WeakMap<Life, Map<string, Counts>>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  asked(life: Life, name: string): void {
    this.#of(life, name).asked += 1;
  }

  committed(instance: Instance, life: Life, rows: readonly AuditRow[]): void {
    for (const row of rows) {
      const event = JSON.parse(row.event) as Record<string, string>;
      const counted = event['event'] === 'provisions-counted';
      if (!counted && event['event'] !== 'key-provided') continue;
      const name = provisionName(event['key']!, event['as'] as 'key', event['by']!);
      const counts = this.#of(life, name);
      if (!counted) counts.writtenAt = this.#facts.now;
      counts.told += counted ? Number(event['count']) : 1;
      if (counts.told <= counts.asked) continue;
      this.#violate(COUNTED, instance, name, `tells of ${counts.told}, asked were ${counts.asked}`);
    }
  }

  leaves(instance: Instance, life: Life, name: string): void {
    const counts = this.#of(life, name);
    counts.left += 1;
    const clockWasSet = (this.#facts.clockSet.get(instance.name) ?? -Infinity) >= counts.writtenAt;
    const least = clockWasSet ? 0 : this.#facts.now - COUNTING_WINDOW_MS - SPARE_MS;
    if (counts.writtenAt >= least) return;
    this.#violate(AUDITED, instance, name, 'does not tell of it');
  }

  /** An orderly end: what was counted has been written. */
  stopped(instance: Instance, life: Life): void {
    for (const [name, { left, told }] of this.#counts.get(life) ?? []) {
      if (told < left) this.#violate(COUNTED, instance, name, `tells of ${told}, and ${left} left`);
    }
  }

  #of(life: Life, name: string): Counts {
    const ofLife = this.#counts.get(life) ?? new Map<string, Counts>();
    this.#counts.set(life, ofLife);
    const counts = ofLife.get(name) ?? { writtenAt: -Infinity, asked: 0, left: 0, told: 0 };
    ofLife.set(name, counts);
    return counts;
  }

  #violate(rule: string, instance: Instance, name: string, says: string): void {
    const [key = '', , by = ''] = name.split(' ');
    this.#facts.violate(rule, `${instance.name} gave key ${key} to ${by}, and its audit log ${says}`, [
      key,
      instance.name,
    ]);
  }
}
