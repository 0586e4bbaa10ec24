/** What the agent's operations are handed. */
import type { Notice } from '#domain/step.ts';
import type { AgentState } from './state.ts';

export interface AgentPorts {
  readonly state: AgentState;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Where the system's tools are, for the look at the drives that a heartbeat takes; the system's folders unless given. */
  readonly toolFolders?: readonly string[] | undefined;
}

export interface AgentLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** The agent as a service. */
export interface ServiceOptions {
  readonly stop: AbortSignal;
  /** A notice as the person at the device reads it. */
  readonly words: (notice: Notice) => string;
}
