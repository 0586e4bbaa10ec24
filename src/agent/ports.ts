/** What the agent's operations are handed. */
import type { AgentState } from './state.ts';

export interface AgentPorts {
  readonly state: AgentState;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Where the system's tools are, for the look at the drives that a heartbeat takes; the system's folders unless given. */
  readonly toolFolders?: readonly string[] | undefined;
}
