/**
 * How far a key has climbed: only here, on its way to the primary, durable there; or the primary refused it.
 */
export const KEY_STATES = ['recorded', 'transmitted', 'acknowledged', 'refused'] as const;
export type KeyState = (typeof KEY_STATES)[number];
