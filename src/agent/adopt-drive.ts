/**
 * Takes an existing LUKS2 volume into custody: the drive gets a keyslot of ours, and whoever opened it before still does.
 *
 * Invariant: the new passphrase is in custody before the keyslot exists. Killed anywhere, the same command goes on with
 * the same key.
 */
import type { FileHandle } from 'node:fs/promises';
import { claimFromText } from '#domain/claim.ts';
import { codeOf } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import type { AdoptedDrive } from '#protocol/agent-program.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { isMade } from './agent-key.ts';
import { takeIntoCustody } from './custody.ts';
import { askForKey } from './drive-commands.ts';
import { addKeyslot, addToken, findOwnKeyslot, freeKeyslot } from './drives/adopt-drive.ts';
import { requireAdoptable } from './drives/check-drive-against-key.ts';
import { convertLuks1, forgetKeptHeader } from './drives/convert-luks1.ts';
import { checkCryptsetupThere } from './drives/cryptsetup.ts';
import { makeDrivePassphrase } from './drives/drive-passphrase.ts';
import { driveNotAllowed, type OpenDrive, openDrive } from './drives/drive-target.ts';
import { type DriveToken, findDriveTokens } from './drives/drive-token.ts';
import { passphrasesIn, passphraseThatOpens } from './drives/known-passphrases.ts';
import type { Luks2Header } from './drives/luks2/luks2-header.ts';
import { proveOpenDrive, withHeaderCopy } from './drives/open-drive.ts';
import { readOpenHeader } from './drives/read-drive.ts';
import type { AgentPorts } from './ports.ts';
import { withServer } from './server-connection.ts';

export interface AdoptRequest {
  readonly path: string;
  /** What opens the drive now; the bytes of a file are tried without a trailing newline first. */
  readonly password: string | Uint8Array;
  /** Makes a LUKS2 volume of a LUKS1 volume first. */
  readonly convert?: boolean;
  /** To find it by; the drive's own unless given. */
  readonly label: string | undefined;
  readonly signal: AbortSignal;
}

/** What the drive is to name, and the keyslot that it opens. */
interface OwnKey {
  readonly keyId: string;
  readonly claim: Uint8Array;
  readonly keyslot: number;
}

/** Throws what `readDrive` and `takeIntoCustody` throw, `drive-altered`, `drive-does-not-open`, `invalid-argument`. */
export async function adoptDriveForDevice(ports: AgentPorts, request: AdoptRequest): Promise<AdoptedDrive> {
  const { path, password, label, signal } = request;
  await checkCryptsetupThere(signal);
  const drive = await openDrive(path);
  try {
    if (drive.target.readOnly) throw driveNotAllowed(path);
    const given = passphrasesIn(password);
    const { directory } = ports.state;
    if (request.convert === true)
      await convertLuks1(drive, { directory, passphrases: given, random: ports.random, signal });
    const read = await readOpenHeader(drive);
    const { header } = read;
    const algorithm = requireAdoptable(header);
    const tokens = tokensOf(header);
    const before = await adoptedBefore(ports, drive, header, tokens);
    if (before !== undefined) {
      await forgetKeptHeader(directory, header.uuid);
      return before;
    }
    const begunOrKnown = await withHeaderCopy(
      drive,
      read,
      { signal },
      async (copy) =>
        (await begunBefore(ports, copy, header, tokens)) ??
        (await passphraseThatOpens(drive, copy, given, { signal })),
    );
    const adopted = await adopt(ports, drive, header, { begunOrKnown, algorithm, label });
    await forgetKeptHeader(directory, header.uuid);
    return adopted;
  } finally {
    await drive.handle.close();
  }
}

async function adopt(
  ports: AgentPorts,
  drive: OpenDrive,
  header: Luks2Header,
  given: {
    /** The keyslot of a run that was interrupted, or a passphrase that opens the drive. */
    readonly begunOrKnown: OwnKey | KeyMaterial;
    readonly algorithm: string;
    readonly label: string | undefined;
  },
): Promise<AdoptedDrive> {
  const { begunOrKnown, algorithm, label = header.label === '' ? undefined : header.label } = given;
  const keyslot =
    begunOrKnown instanceof KeyMaterial ? freeKeyslot(header, drive.target.path) : begunOrKnown.keyslot;
  const locator = { luksUuid: header.uuid, ...(label === undefined ? {} : { label }) };
  return await withServer(ports, async (calls) => {
    if (!(begunOrKnown instanceof KeyMaterial)) return await nameAndProve(calls, drive, header, begunOrKnown);
    const added = makeDrivePassphrase(ports.random);
    const draft = { kind: 'volume', locator, algorithm, replaces: null } as const;
    const { key, claim } = await takeIntoCustody(ports, calls, draft, added);
    await addKeyslot(drive, keyslot, { known: begunOrKnown, added });
    return await nameAndProve(calls, drive, header, { keyId: key.key.id, claim, keyslot });
  });
}

/** Tokens of ours whose keyslot somebody removed are no reason to refuse: the drive gets a new one. */
function tokensOf(header: Luks2Header): readonly DriveToken[] {
  try {
    return findDriveTokens(header).tokens;
  } catch (error) {
    if (codeOf(error) === 'drive-altered') return [];
    throw error;
  }
}

/** It names a key of this device, and that one opens it. A key of another device is left alone, and joined by ours. */
async function adoptedBefore(
  ports: AgentPorts,
  drive: OpenDrive,
  { uuid }: Luks2Header,
  tokens: readonly DriveToken[],
): Promise<AdoptedDrive | undefined> {
  for (const { keyId } of tokens) {
    const own = ports.state.key(keyId);
    if (!isMade(own)) continue;
    try {
      const { keyslot } = await proveOpenDrive(drive, { key: own.record, passphrase: own.material });
      return { key: keyId, uuid, keyslot };
    } catch (error) {
      // Its keyslot was removed: the drive gets another one.
      if (codeOf(error) !== 'drive-does-not-open') throw error;
    }
  }
  return undefined;
}

/** A keyslot that was added by a run that ended before the drive named its key. */
async function begunBefore(
  ports: AgentPorts,
  copy: FileHandle,
  header: Luks2Header,
  tokens: readonly DriveToken[],
): Promise<OwnKey | undefined> {
  const named = new Set(tokens.map(({ keyId }) => keyId));
  const unnamed = ports.state
    .keys()
    .filter(isMade)
    .filter(({ id, record }) => record.locator.luksUuid === header.uuid && !named.has(id));
  for (const { id, claim, material } of unnamed) {
    const keyslot = await findOwnKeyslot(copy, header, material, {});
    if (keyslot !== undefined) return { keyId: id, claim: claimFromText(claim), keyslot };
  }
  return undefined;
}

/** Proves the key as it comes back from custody: that is what a person would be given. */
async function nameAndProve(
  calls: MachineCalls,
  drive: OpenDrive,
  { uuid }: Luks2Header,
  { keyId, claim, keyslot }: OwnKey,
): Promise<AdoptedDrive> {
  await addToken(drive, { keyId, claim, keyslots: [keyslot] });
  const { complete } = await askForKey(calls, keyId, claim);
  const proved = await proveOpenDrive(drive, { key: complete.key, passphrase: complete.material });
  return { key: keyId, uuid, keyslot: proved.keyslot };
}
