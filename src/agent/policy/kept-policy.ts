/**
 * The policy that holds for this device, as its server last told it. Kept in the state, so that it holds while the server
 * is away.
 *
 * Invariant: what is unknown in a policy of a later release is never a failure: the rest is done, and the unknown named.
 */
import { isObject, parseJson } from '#domain/bounded-json.ts';
import { ANSWER_JSON } from '#domain/json-bounds.ts';
import { type NotKnown, readSettings } from '#domain/policy/policy.ts';
import type { PolicySettings } from '#domain/policy/settings.ts';
import type { DevicePolicy, HeldPolicy } from '#protocol/policy-messages.ts';
import type { AgentState } from '../state.ts';

export interface KeptPolicy {
  readonly held: HeldPolicy;
  /** Where the device stands; undefined where no policy was told yet. */
  readonly group: string | undefined;
  readonly settings: PolicySettings;
  readonly notKnown: readonly NotKnown[];
}

export function keepPolicy(state: AgentState, policy: DevicePolicy): void {
  state.set('policy', JSON.stringify(policy));
}

/** The defaults where none was told. What the disk damaged is asked for again. */
export function readPolicy(state: AgentState): KeptPolicy {
  const policy = readKept(state);
  if (policy === undefined) return { held: { number: 0 }, group: undefined, ...readSettings({}) };
  const { number, digest, group, settings } = policy;
  return { held: { number, digest }, group, ...readSettings(settings) };
}

/** It had the form of its message when it was kept. The schemas of messages would load where nobody is asked. */
function isPolicy(read: unknown): read is DevicePolicy {
  if (!isObject(read)) return false;
  const { number, digest, group, settings } = read;
  return (
    Number.isSafeInteger(number) &&
    typeof digest === 'string' &&
    typeof group === 'string' &&
    isObject(settings)
  );
}

function readKept(state: AgentState): DevicePolicy | undefined {
  const kept = state.getUnlessDamaged('policy');
  if (kept === undefined) return undefined;
  try {
    const read = parseJson(kept, ANSWER_JSON);
    return isPolicy(read) ? read : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
