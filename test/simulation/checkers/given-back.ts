/**
 * Keys given back: a primary gives a secondary that lost keys those that came from it, only where an administrator
 * allows it, and tells of it before.
 */
import type { Instance } from '../world/instance.ts';
import type { Site } from '../world/world.ts';
import { checkAnswerDown } from './confinement.ts';
import type { Departures } from './departures.ts';
import type { Facts } from './facts.ts';

const ALLOWED = 'keys are given back only to whom they came from, where an administrator allows it';
const EXACT = 'what is given back is what was taken';
export const COMPLETE = 'everything a primary once had from a secondary comes back';

interface GivenBack {
  readonly outcome: string;
  readonly keys?: readonly { readonly key: { readonly id: string }; readonly material: string }[];
}

export function checkGivenBack(
  facts: Facts,
  departures: Departures,
  instance: Instance,
  secondary: Site,
  answer: GivenBack,
): void {
  const [first] = answer.keys ?? [];
  if (first === undefined) return;
  const { observed } = instance;
  const keys = answer.keys!;
  departures.leaves(instance, first.key.id, `returned with ${keys.length}`, `secondary:${secondary.id}`);
  const now = instance.clock();
  const allowed = observed.linksSince(facts.now).some(({ recoveries }) => {
    const recovery = recoveries.get(secondary.id);
    return recovery !== undefined && now >= recovery.from && now < recovery.until;
  });
  if (!allowed) {
    facts.violate(
      ALLOWED,
      `${instance.name} gave ${keys.length} keys back to ${secondary.name}, which nobody allows`,
      [instance.name, secondary.name],
    );
  }
  for (const { key, material } of keys) {
    const about = [key.id, instance.name, secondary.name];
    checkAnswerDown(facts, instance, secondary, key.id);
    if (!isOf(instance, secondary, key.id)) {
      facts.violate(
        ALLOWED,
        `${instance.name} gave key ${key.id} back to ${secondary.name}, which never had it`,
        about,
      );
    }
    const made = facts.keys.get(key.id);
    if (Buffer.from(made?.complete.material.expose() ?? []).toString('base64') === material) continue;
    facts.violate(EXACT, `${instance.name} gave something else for key ${key.id} back`, about);
  }
}

/** Whether it came from that secondary, or was made on its devices. */
function isOf(instance: Instance, secondary: Site, id: string): boolean {
  const held = instance.observed.keys.get(id);
  if (held === undefined) return false;
  const { origin } = JSON.parse(held.fields) as { origin: string };
  return held.receivedFrom === `secondary:${secondary.id}` || origin === secondary.id;
}

/** What a secondary should have back. */
export function owed(primary: Instance, secondary: Site): string[] {
  return [...primary.observed.keys.keys()].filter((id) => isOf(primary, secondary, id));
}
