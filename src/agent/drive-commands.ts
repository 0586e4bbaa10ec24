/**
 * Formats and opens drives for a person. A drive is written only after its key was acknowledged; then the agent proves
 * that the key in custody, as the server gives it back, opens the drive.
 */
import { randomUUID } from 'node:crypto';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { keyUnavailable } from '#domain/lookup.ts';
import type { OpenedDrive, TestedDrive } from '#protocol/agent-program.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { keyFromWire } from '#protocol/wire-key.ts';
import { noteOpened, takeIntoCustody } from './custody.ts';
import { checkCryptsetupThere } from './drives/cryptsetup.ts';
import { makeDrivePassphrase } from './drives/drive-passphrase.ts';
import { checkDriveEmpty } from './drives/drive-contents.ts';
import { type OpenDrive, openDrive } from './drives/drive-target.ts';
import { noDriveToken } from './drives/drive-token.ts';
import { checkDriveLabel, formatDrive } from './drives/format-drive.ts';
import { holdDrive } from './drives/hold-drive.ts';
import { DRIVE_ALGORITHM } from './drives/make-volume.ts';
import { mapDrive, mappedPath, requireMapperName } from './drives/map-drive.ts';
import { type ProvedDrive, type ProveJob, proveOpenDrive } from './drives/open-drive.ts';
import { readOpenDrive } from './drives/read-drive.ts';
import { sourceName } from './found-elsewhere.ts';
import { readPolicy } from './policy/kept-policy.ts';
import { requireMakesAllowed } from './policy/obey.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';

export async function formatDriveForDevice(
  ports: AgentPorts,
  request: {
    readonly path: string;
    readonly label: string | undefined;
    readonly erase: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<{ key: string; uuid: string }> {
  const { path, label, erase, signal } = request;
  // Everything that can be refused is refused before a key is made for nothing.
  if (label !== undefined) checkDriveLabel(label);
  requireMakesAllowed(readPolicy(ports.state).settings);
  await checkCryptsetupThere(signal);
  const drive = await holdDrive(path);
  try {
    if (!erase) await checkDriveEmpty(drive);
    const uuid = randomUUID();
    const passphrase = makeDrivePassphrase(ports.random);
    const locator = { luksUuid: uuid, ...(label === undefined ? {} : { label }) };
    return await withServer(ports, async (calls) => {
      const { key, claim } = await takeIntoCustody(
        ports,
        calls,
        { kind: 'volume', locator, algorithm: DRIVE_ALGORITHM, replaces: null },
        passphrase,
      );
      const keyId = key.key.id;
      await formatDrive({ drive, uuid, label, passphrase, keyId, claim, erase, signal });
      const { complete } = await askForKey(calls, keyId, claim);
      // No longer stopped: the drive is made, and the person wants to know whether it opens.
      await proveOpenDrive(drive, { key: complete.key, passphrase: complete.material });
      return { key: keyId, uuid };
    });
  } finally {
    await drive.handle.close();
  }
}

/** Throws `key-unavailable` or why no server gives it. */
export async function askForKey(calls: MachineCalls, keyId: string, claim: Uint8Array) {
  const answer = await calls.call('deviceLookup', { id: keyId, claim: claimToText(claim) });
  if (answer.outcome === 'not-found') throw keyUnavailable(keyId, answer);
  const { complete } = keyFromWire(answer.complete);
  if (complete.key.id !== keyId) {
    throw new KeystairError(
      'record-invalid',
      `the server answered with key ${complete.key.id} when asked for ${keyId}`,
      {
        nextStep: 'check the log of the server',
      },
    );
  }
  return { complete, source: answer.source };
}

/** What to do with a drive once its key is had: prove that it opens, or open it. */
type UseDrive = (drive: OpenDrive, job: ProveJob) => Promise<ProvedDrive>;

/** Gets a drive's key and proves that the drive would open. */
export function testDriveForDevice(
  ports: AgentPorts,
  request: { readonly path: string; readonly signal?: AbortSignal },
): Promise<TestedDrive> {
  return useDrive(ports, request, proveOpenDrive);
}

/** Gets a drive's key and opens the drive under that name. */
export async function openDriveForDevice(
  ports: AgentPorts,
  request: {
    readonly path: string;
    readonly name: string;
    readonly readOnly: boolean;
    readonly signal: AbortSignal;
  },
): Promise<OpenedDrive> {
  const { name, readOnly } = request;
  requireMapperName(name);
  const opened = await useDrive(ports, request, (drive, job) => mapDrive(drive, { ...job, name, readOnly }));
  return { ...opened, device: mappedPath(name) };
}

async function useDrive(
  ports: AgentPorts,
  request: { readonly path: string; readonly signal?: AbortSignal },
  use: UseDrive,
): Promise<TestedDrive> {
  const { path, signal } = request;
  const { server } = ports.state.requireMembership();
  const drive = await openDrive(path);
  try {
    const { header, tokens } = await readOpenDrive(drive);
    let refused: unknown;
    // Several keys of ours may open one drive; the newest available one is used.
    for (const { keyId, claim } of tokens) {
      const own = ports.state.key(keyId);
      if (own?.material && own.record) {
        const { keyslot, copiesAgree } = await use(drive, {
          key: own.record,
          passphrase: own.material,
          signal,
        });
        return { key: keyId, keyslot, source: 'device', copiesAgree };
      }
      try {
        const { complete, source } = await withServer(ports, (calls) => askForKey(calls, keyId, claim));
        const job = { key: complete.key, passphrase: complete.material, signal };
        const { keyslot, copiesAgree } = await use(drive, job);
        noteOpened(ports, server.id, { id: keyId, kind: 'volume', claim: claimToText(claim) });
        return { key: keyId, keyslot, source: sourceName(server, source), copiesAgree };
      } catch (error) {
        refused ??= error;
      }
    }
    if (refused !== undefined) throw refused;
    const made = ports.state.keys().find(({ record }) => record?.locator.luksUuid === header.uuid);
    throw noDriveToken(path, header.uuid, made?.id);
  } finally {
    await drive.handle.close();
  }
}
