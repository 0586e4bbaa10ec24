/** Departures: material leaves only after the audit event that tells of it is durable, one event for each time. */
import type { Instance } from '../world/instance.ts';
import type { Site } from '../world/world.ts';
import { readBatch } from './batch.ts';
import type { Facts } from './facts.ts';

export const AUDITED = 'every departure of material has its audit event, earlier';

export class Departures {
  readonly #facts: Facts;
  /** Departures seen, by instance and event name. */
  readonly #seen = new Map<Instance, Map<string, number>>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** After another copy of the data was opened, only what leaves from now on is counted. */
  startOver(instance: Instance): void {
    this.#seen.set(instance, new Map(instance.observed.departures));
  }

  /** Material leaves in an answer. @param by who gets it, as the audit log names it. */
  leaves(instance: Instance, key: string, how: string, by: string): void {
    const seen = this.#seen.get(instance) ?? new Map<string, number>();
    this.#seen.set(instance, seen);
    const name = `${key} ${how} ${by}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    if ((instance.observed.departures.get(name) ?? 0) >= times) return;
    this.#facts.violate(
      AUDITED,
      `${instance.name} gave key ${key} to ${by}, and its audit log does not tell of it`,
      [key, instance.name],
    );
  }

  /** A batch leaves. */
  batchLeaves(instance: Instance, primary: Site, bytes: Uint8Array): void {
    const { start, ids } = readBatch(bytes);
    const end = start + ids.length;
    const told = instance.observed.transmitted.some(
      (range) => range.from <= start + 1 && range.to >= end && range.primary === primary.id,
    );
    if (told || ids.length === 0) return;
    this.#facts.violate(
      AUDITED,
      `${instance.name} sent the keys ${start + 1} to ${end} to ${primary.name}, and its audit log does not tell of it`,
      [instance.name, primary.name, ...ids.slice(0, 1)],
    );
  }
}
