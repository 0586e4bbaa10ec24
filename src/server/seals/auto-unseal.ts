/**
 * Opens a server without a person, by any seal that opens with what is on this machine: the key file first, then a
 * token whose PIN is in a file.
 *
 * Invariant: a PIN that a token refused is not tried a second time, since tokens lock themselves.
 */
import { type DataKeyRow, type Keyring, openKeyring, type SealRow } from '#crypto/keyring.ts';
import { readKeyFile } from '#crypto/seal/key-file.ts';
import { openUnderToken } from '#crypto/seal/pkcs11-token.ts';
import { NamedFileFault, readGuardedSecret } from '#disk/named-file.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { PIN_BYTES_MAX } from '#domain/limits.ts';
import { step } from '#domain/step.ts';
import type { Seal } from './seal-rows.ts';

/** The seals' places on this machine, for a start without a person. */
export interface SealPlaces {
  readonly rootKeyFile: string;
  readonly pkcs11: { readonly module: string; readonly pinFile: string | undefined } | undefined;
}

export interface Opened {
  readonly keyring: Keyring;
  readonly seal: Seal;
}

export type AutoUnsealed =
  | { readonly opened: Opened }
  /** Why each seal that was tried did not open. */
  | { readonly failures: readonly KeystairError[] };

/** Throws `data-damaged` if a seal opens and the data keys do not: another seal would not help. */
export async function autoUnseal(
  seals: readonly Seal[],
  dataKeys: readonly DataKeyRow[],
  places: SealPlaces,
): Promise<AutoUnsealed> {
  const failures: KeystairError[] = [];
  const attempt = async (open: () => Promise<Opened>): Promise<Opened | undefined> => {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof KeystairError) || codeOf(error) === 'data-damaged') throw error;
      failures.push(error);
      return undefined;
    }
  };
  const keyFiles = seals.filter(({ kind }) => kind === 'key-file');
  if (keyFiles.length > 0) {
    const opened = await attempt(async () =>
      openWithKeyFile(keyFiles, dataKeys, readKeyFile(places.rootKeyFile)),
    );
    if (opened !== undefined) return { opened };
  }
  const refusing = new Set<string>();
  for (const seal of seals) {
    if (seal.kind !== 'pkcs11' || refusing.has(seal.of.token)) continue;
    const access = tokenAccess(places);
    if (access === undefined) break;
    const opened = await attempt(async () => {
      const pin = readPinFile(access.pinFile);
      const sealKey = await openUnderToken({ module: access.module, pin }, seal.of, seal.id);
      return { keyring: openKeyring({ sealKey, seal, dataKeys }), seal };
    });
    if (opened !== undefined) return { opened };
    if (failures.at(-1)?.code === 'pin-wrong') refusing.add(seal.of.token);
  }
  return { failures };
}

/** Several key files may have been made. The present one opens the row that was made with it. */
export function openWithKeyFile(
  seals: readonly Seal[],
  dataKeys: readonly DataKeyRow[],
  sealKey: Uint8Array,
): Opened {
  let failure: unknown;
  for (const seal of seals) {
    try {
      return { keyring: openKeyring({ sealKey, seal, dataKeys }), seal };
    } catch (error) {
      if (codeOf(error) !== 'root-key-wrong') throw error;
      failure = error;
    }
  }
  throw failure;
}

export type OpenedByKeyFile = (seal: SealRow) => boolean;

/** Which seals the key file at the configured place opens: a seal whose file is gone is opened by nothing. */
export function keyFileAtHand(keyring: Keyring, rootKeyFile: string): OpenedByKeyFile {
  let sealKey: Uint8Array | undefined;
  try {
    sealKey = readKeyFile(rootKeyFile);
  } catch {
    // It is missing, or no start would accept it.
  }
  return (seal) => sealKey !== undefined && keyring.isOpenedBy(seal, sealKey);
}

function tokenAccess({ pkcs11 }: SealPlaces): { module: string; pinFile: string } | undefined {
  if (pkcs11?.pinFile === undefined) return undefined;
  return { module: pkcs11.module, pinFile: pkcs11.pinFile };
}

/** Throws `token-unavailable` or `root-key-exposed`, whose text holds nothing of the file. */
export function readPinFile(path: string): string {
  try {
    return readGuardedSecret(path, PIN_BYTES_MAX);
  } catch (cause) {
    if (!(cause instanceof NamedFileFault)) throw cause;
    const { because, exposed } = cause;
    throw new KeystairError(
      exposed === undefined ? 'token-unavailable' : 'root-key-exposed',
      `the file with the token's PIN, ${path}, ${because}`,
      { nextStep: exposed?.nextStep ?? step('correct-pin-file'), cause },
    );
  }
}
