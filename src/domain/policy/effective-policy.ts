/**
 * The policy that holds for a device: policies merged downward, from the server above or the root group to the device's
 * own group.
 *
 * Invariants: a setting further down replaces the whole value from above, unless it was locked there; the first lock
 * from above counts. Settings of a later release merge like any other.
 */
import { canonicalCall } from '../canonical-call.ts';
import { sha256 } from '../sha-256.ts';
import { locksOf, type PolicyDocument, type SettingValues, valuesOf } from './policy.ts';

/** One level on the way down. */
export interface PolicyLevel<Source> {
  readonly source: Source;
  readonly document: PolicyDocument;
}

export interface EffectiveSetting<Source> {
  readonly setting: string;
  readonly value: unknown;
  readonly source: Source;
  /** Fixed at its source for all that is below. */
  readonly locked: boolean;
}

/** A value that does not count: its setting is locked further up. */
export interface Overruled<Source> {
  readonly setting: string;
  readonly source: Source;
  readonly by: Source;
}

export interface MergedPolicy<Source> {
  readonly settings: readonly EffectiveSetting<Source>[];
  readonly overruled: readonly Overruled<Source>[];
}

/** @param levels from the top down. */
export function mergePolicies<Source>(levels: readonly PolicyLevel<Source>[]): MergedPolicy<Source> {
  const settings = new Map<string, EffectiveSetting<Source>>();
  const overruled: Overruled<Source>[] = [];
  for (const { source, document } of levels) {
    const locks = locksOf(document);
    for (const [setting, value] of Object.entries(valuesOf(document))) {
      const above = settings.get(setting);
      if (above?.locked === true) {
        // Whoever says the same is not overruled.
        if (canonicalCall(value) !== canonicalCall(above.value))
          overruled.push({ setting, source, by: above.source });
      } else settings.set(setting, { setting, value, source, locked: locks.has(setting) });
    }
  }
  return { settings: [...settings.values()], overruled };
}

export function effectiveValues({ settings }: Pick<MergedPolicy<unknown>, 'settings'>): SettingValues {
  return Object.fromEntries(settings.map(({ setting, value }) => [setting, value]));
}

/** The settings that hold, with their locks, as one document for a server below. */
export function effectiveDocument({ settings }: Pick<MergedPolicy<unknown>, 'settings'>): PolicyDocument {
  const locked = settings.filter((one) => one.locked).map(({ setting }) => setting);
  const values = effectiveValues({ settings });
  return locked.length === 0 ? values : { ...values, locked };
}

/** First 16 hexadecimal digits of a digest of a policy: equal for equal content. */
export function policyDigest(document: PolicyDocument): string {
  return sha256(canonicalCall(document)).toString('hex').slice(0, 16);
}
