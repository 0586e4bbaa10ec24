/**
 * What is so with the drives of this machine: whether each is encrypted, by which key of ours, and whether that key opens
 * it. Changes nothing, and asks no server: a key that is not on this device is named and not tried.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { DriveHere } from '#protocol/agent-program.ts';
import { isMade } from './agent-key.ts';
import { checkCryptsetupThere } from './drives/cryptsetup.ts';
import { openDrive, type OpenDrive } from './drives/drive-target.ts';
import { findDrives } from './drives/find-drives.ts';
import { proveOpenDrive } from './drives/open-drive.ts';
import { readOpenDrive } from './drives/read-drive.ts';
import type { AgentPorts } from './ports.ts';

export async function drivesHere(
  ports: AgentPorts,
  { signal, folders }: { readonly signal: AbortSignal; readonly folders?: readonly string[] },
): Promise<readonly DriveHere[]> {
  ports.state.requireDevice();
  await checkCryptsetupThere(signal);
  const drives: DriveHere[] = [];
  for (const path of await findDrives({ signal, folders })) {
    const drive = await openedOrGone(path, drives);
    if (drive === undefined) continue;
    try {
      drives.push(await lookAt(ports, drive, signal));
    } finally {
      await drive.handle.close();
    }
  }
  return drives;
}

/** Undefined where it was pulled out meanwhile, and where it cannot be opened, which is noted. */
async function openedOrGone(path: string, drives: DriveHere[]): Promise<OpenDrive | undefined> {
  try {
    return await openDrive(path);
  } catch (error) {
    if (codeOf(error) !== 'not-found') drives.push({ ...UNKNOWN, path, ...failed(error) });
    return undefined;
  }
}

const UNKNOWN = { uuid: null, label: null, key: null } as const;

function failed(error: unknown): Pick<DriveHere, 'state' | 'problem'> {
  if (codeOf(error) === 'interrupted' || !(error instanceof KeystairError)) throw error;
  return { state: 'error', problem: error.sentence };
}

async function lookAt(ports: AgentPorts, drive: OpenDrive, signal: AbortSignal): Promise<DriveHere> {
  const { path } = drive.target;
  let seen: Pick<DriveHere, 'uuid' | 'label' | 'key'> = UNKNOWN;
  try {
    const { header, tokens } = await readOpenDrive(drive);
    const [newest] = tokens;
    seen = {
      uuid: header.uuid,
      label: header.label === '' ? null : header.label,
      key: newest?.keyId ?? null,
    };
    const own = newest === undefined ? undefined : ports.state.key(newest.keyId);
    if (isMade(own)) await proveOpenDrive(drive, { key: own.record, passphrase: own.material, signal });
    return { path, ...seen, state: 'encrypted without rule', problem: null };
  } catch (error) {
    // Not encrypted, or not in a way that we know; no rule says that it must be.
    if (codeOf(error) === 'drive-not-luks') return { path, ...seen, state: 'no rule', problem: null };
    return { path, ...seen, ...failed(error) };
  }
}
