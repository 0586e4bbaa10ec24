/**
 * Gives drives new keys where the policy says so: after a reveal, after the device came from another server, by age.
 *
 * Invariants: only a drive whose present key is proved gets a new one, by the same steps as `agent rotate`, so it opens
 * with a key in custody wherever the agent is stopped. What failed is tried again after a day: each try may leave a key
 * in custody that opens nothing.
 */
import { KeystairError } from '#domain/errors.ts';
import type { PolicySettings } from '#domain/policy/settings.ts';
import type { DriveHere } from '#protocol/agent-program.ts';
import type { AgentPorts } from '../ports.ts';
import { rotateDriveForDevice } from '../rotate-drive.ts';
import type { FailedRotation } from './failed-rotation.ts';
import { failureOf, keepFailure } from './failed-rotations.ts';
import { readPolicy } from './kept-policy.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Drives at one heartbeat, some seconds each: a server asks hundreds of devices at the same time. */
const ROTATIONS_TOGETHER = 2;

/** @returns how many drives have a new key. */
export async function rotateByPolicy(
  ports: AgentPorts,
  drives: readonly DriveHere[],
  revealed: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const { settings } = readPolicy(ports.state);
  const due = drives.filter((drive) => isDue(ports, settings, drive, revealed));
  let rotated = 0;
  for (const { path, key } of due.slice(0, ROTATIONS_TOGETHER)) {
    if (signal.aborted) break;
    try {
      await rotateDriveForDevice(ports, { path, signal, folders: ports.toolFolders });
      rotated += 1;
    } catch (error) {
      if (!(error instanceof KeystairError)) throw error;
      keepFailure(ports.state, {
        key: key!,
        at: new Date(ports.clock()).toISOString(),
        problem: error.notice,
      });
    }
  }
  return rotated;
}

function isDue(
  ports: AgentPorts,
  { rotateAfterReveal, rotateAfterMove, rotateAfterDays }: PolicySettings,
  { key, provedAt, state, removable }: DriveHere,
  revealed: readonly string[],
): boolean {
  if (key === null || provedAt === null || state === 'error') return false;
  const now = ports.clock();
  if (triedToday(failureOf(ports.state, key), now)) return false;
  if (rotateAfterReveal && revealed.includes(key)) return true;
  const record = ports.state.key(key)?.record ?? undefined;
  // A stick that is only plugged in here is somebody else's.
  if (removable && record === undefined) return false;
  const { server } = ports.state.requireMembership();
  if (rotateAfterMove && record !== undefined && record.origin !== server.id) return true;
  return rotateAfterDays !== 'never' && now - madeAt(key) >= rotateAfterDays * DAY_MS;
}

/** Ids of keys are UUIDv7: they begin with their time. Unix milliseconds. */
function madeAt(key: string): number {
  return Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16);
}

function triedToday(failed: FailedRotation | undefined, now: number): boolean {
  if (failed === undefined) return false;
  const age = now - Date.parse(failed.at);
  return age >= 0 && age < DAY_MS;
}
