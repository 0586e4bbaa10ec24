/** What the agent's operations are handed. */
import type { AgentState } from './state.ts';

export interface AgentPorts {
  readonly state: AgentState;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
}
