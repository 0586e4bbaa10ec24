/**
 * The look at the drives that goes with each heartbeat.
 *
 * Invariant: it ends within a minute, and never keeps the heartbeat from going on: a tool that is missing or hangs is a
 * problem that is told.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Notice } from '#domain/step.ts';
import type { DriveHere } from '#protocol/agent-program.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { drivesHere } from '../drives-here.ts';
import type { AgentPorts } from '../ports.ts';
import type { AgentState } from '../state.ts';

export interface DrivesLook {
  readonly drives: readonly DriveHere[];
  /** Why it could not look at all of them. */
  readonly problem: Notice | null;
}

/** Some hundred proofs take this long. What is left over then is proved at the next heartbeat. */
const CHECK_MS_MAX = 60_000;
/** A process that waits for a broken disk cannot even be killed; this long it is waited for. */
const STOPPED_MS_MAX = 5000;

/** Looks that did not end when they should have: another would hang beside them. */
const hanging = new WeakMap<AgentState, Promise<unknown>>();

export async function checkDrives(
  ports: AgentPorts,
  calls: MachineCalls,
  { stop, timeMs = CHECK_MS_MAX }: { readonly stop?: AbortSignal | undefined; readonly timeMs?: number } = {},
): Promise<DrivesLook> {
  if (hanging.has(ports.state)) return { drives: [], problem: OVERDUE.notice };
  const over = new AbortController();
  const signal = stop === undefined ? over.signal : AbortSignal.any([stop, over.signal]);
  const timer = setTimeout(() => over.abort(), timeMs);
  const look = drivesHere(ports, { signal, calls, folders: ports.toolFolders });
  const last = Promise.withResolvers<never>();
  const late = setTimeout(() => last.reject(OVERDUE), timeMs + STOPPED_MS_MAX);
  hanging.set(ports.state, look);
  look.catch(() => undefined).finally(() => hanging.delete(ports.state));
  try {
    return { drives: await Promise.race([look, last.promise]), problem: null };
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    return { drives: [], problem: (over.signal.aborted ? OVERDUE : error).notice };
  } finally {
    clearTimeout(timer);
    clearTimeout(late);
  }
}

const OVERDUE = new KeystairError('tool-failed', 'looking at the drives of this machine took too long', {
  nextStep: 'a drive may be broken: look for its errors in the system log, and pull it out',
});
