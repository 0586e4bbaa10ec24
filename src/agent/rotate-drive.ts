/**
 * Gives a drive a new key and takes the old one away.
 *
 * Invariant: the old keyslot goes only when the new key is in custody and opens the drive as it comes back from there.
 * Killed anywhere, the drive opens with a key in custody, and the same command goes on with the same new key.
 */
import { claimFromText, claimToText } from '#domain/claim.ts';
import type { EncryptionKey } from '#domain/encryption-key.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import type { RotatedDrive } from '#protocol/agent-program.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { isMade } from './agent-key.ts';
import { noteOpened, takeIntoCustody } from './custody.ts';
import { askForKey } from './drive-commands.ts';
import { addKeyslot, addToken, findOwnKeyslot, freeKeyslot } from './drives/adopt-drive.ts';
import { checkCryptsetupThere } from './drives/cryptsetup.ts';
import { makeDrivePassphrase } from './drives/drive-passphrase.ts';
import { driveNotAllowed, type OpenDrive, openDrive } from './drives/drive-target.ts';
import { type DriveToken, noDriveToken } from './drives/drive-token.ts';
import { proveOpenDrive, withHeaderCopy } from './drives/open-drive.ts';
import { type Drive, readOpenDrive } from './drives/read-drive.ts';
import { removeKey, tokensNaming } from './drives/remove-key.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';

export interface RotateRequest {
  readonly path: string;
  readonly signal: AbortSignal;
  /** Where the system's tools are. */
  readonly folders?: readonly string[] | undefined;
}

interface HadKey {
  readonly record: EncryptionKey;
  readonly material: KeyMaterial;
}

/** A key with a keyslot of its own. */
interface NewKey {
  readonly keyId: string;
  readonly claim: Uint8Array;
  readonly keyslot: number;
}

/** Throws what `readDrive`, `proveOpenDrive` and `takeIntoCustody` throw, `key-unavailable`, `invalid-argument`. */
export async function rotateDriveForDevice(ports: AgentPorts, request: RotateRequest): Promise<RotatedDrive> {
  const { path, signal, folders } = request;
  await checkCryptsetupThere(signal);
  const drive = await openDrive(path);
  try {
    if (drive.target.readOnly) throw driveNotAllowed(path);
    const read = await readOpenDrive(drive);
    const { header, tokens } = read;
    if (tokens.length === 0) throw noDriveToken(path, header.uuid);
    return await withServer(ports, async (calls) => {
      const current = await firstToHave(ports, calls, tokens);
      const { id, replaces } = current.record;
      const proof = { key: current.record, passphrase: current.material, folders };
      await proveOpenDrive(drive, { ...proof, signal });
      // An earlier run was killed when the drive had both keys.
      if (replaces !== null && tokensNaming(header, replaces).length > 0) {
        await takeAway(ports, calls, drive, { old: replaces, stays: current.material }, request);
        return { key: id, replaces };
      }
      const added =
        (await begunBefore(ports, drive, read, id, request)) ??
        (await addKey(ports, calls, drive, read, current, request));
      await addToken(drive, { ...added, keyslots: [added.keyslot] }, { folders });
      const { complete } = await askForKey(calls, added.keyId, added.claim);
      // No longer stopped: the drive has both keys, and the person wants to know whether the new one opens it.
      await proveOpenDrive(drive, { key: complete.key, passphrase: complete.material, folders });
      await takeAway(ports, calls, drive, { old: id, stays: complete.material }, request);
      return { key: added.keyId, replaces: id };
    });
  } finally {
    await drive.handle.close();
  }
}

/** The newest key of the drive that can be had. */
async function firstToHave(
  ports: AgentPorts,
  calls: MachineCalls,
  tokens: readonly DriveToken[],
): Promise<HadKey> {
  let refused: unknown;
  for (const { keyId, claim } of tokens) {
    try {
      return await have(ports, calls, keyId, claim);
    } catch (error) {
      refused ??= error;
    }
  }
  throw refused;
}

async function have(
  ports: AgentPorts,
  calls: MachineCalls,
  keyId: string,
  claim: Uint8Array,
): Promise<HadKey> {
  const own = ports.state.key(keyId);
  if (isMade(own)) return own;
  const { complete } = await askForKey(calls, keyId, claim);
  const { server } = ports.state.requireMembership();
  noteOpened(ports, server.id, { id: keyId, kind: 'volume', claim: claimToText(claim) });
  return { record: complete.key, material: complete.material };
}

/** A keyslot that was added by a run that ended before the drive named its key. */
async function begunBefore(
  ports: AgentPorts,
  drive: OpenDrive,
  read: Drive,
  replaces: string,
  { signal, folders }: RotateRequest,
): Promise<NewKey | undefined> {
  const begun = ports.state
    .keys()
    .filter(isMade)
    .filter(({ record }) => record.replaces === replaces && record.locator.luksUuid === read.header.uuid);
  if (begun.length === 0) return undefined;
  return await withHeaderCopy(drive, read, { signal, folders }, async (copy) => {
    for (const { id, claim, material } of begun) {
      const keyslot = await findOwnKeyslot(copy, read.header, material, { signal, folders });
      if (keyslot !== undefined) return { keyId: id, claim: claimFromText(claim), keyslot };
    }
    return undefined;
  });
}

async function addKey(
  ports: AgentPorts,
  calls: MachineCalls,
  drive: OpenDrive,
  { header }: Drive,
  current: HadKey,
  { folders }: RotateRequest,
): Promise<NewKey> {
  const keyslot = freeKeyslot(header, drive.target.path);
  const added = makeDrivePassphrase(ports.random);
  const { id: replaces, algorithm, locator } = current.record;
  const { key, claim } = await takeIntoCustody(
    ports,
    calls,
    { kind: 'volume', locator, algorithm, replaces },
    added,
  );
  await addKeyslot(drive, keyslot, { known: current.material, added }, { folders });
  return { keyId: key.key.id, claim, keyslot };
}

/** @param key the old key's id, and what opens the drive from now on. */
async function takeAway(
  ports: AgentPorts,
  calls: MachineCalls,
  drive: OpenDrive,
  key: { readonly old: string; readonly stays: KeyMaterial },
  { folders }: RotateRequest,
): Promise<void> {
  const { old, stays } = key;
  const { header } = await readOpenDrive(drive);
  const left = tokensNaming(header, old).find(
    ({ claim, keyslots }) => claim !== undefined && keyslots.length > 0,
  );
  const gone =
    left?.claim === undefined ? undefined : await have(ports, calls, old, claimFromText(left.claim));
  await removeKey(drive, old, { gone: gone?.material, stays }, { folders });
}
