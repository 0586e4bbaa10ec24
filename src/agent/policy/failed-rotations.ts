/** Drives that were to get new keys and did not, kept in the device's state and shown with the drive. */
import type { AgentState } from '../state.ts';
import type { FailedRotation } from './failed-rotation.ts';

/** The last ones: as many as a machine has drives. */
const FAILURES_KEPT = 64;

export function failureOf(state: AgentState, key: string): FailedRotation | undefined {
  return readFailures(state).find((failed) => failed.key === key);
}

/** What the disk damaged is tried again. */
function readFailures(state: AgentState): readonly FailedRotation[] {
  return state.getUnlessDamaged('failed-rotations') ?? [];
}

export function keepFailure(state: AgentState, failed: FailedRotation): void {
  const others = readFailures(state).filter(({ key }) => key !== failed.key);
  state.set('failed-rotations', [failed, ...others].slice(0, FAILURES_KEPT));
}
