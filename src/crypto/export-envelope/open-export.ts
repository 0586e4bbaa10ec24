/**
 * Reads the envelope of an export file: it finds out by itself whether a password or one of the server's own identities
 * opens it.
 *
 * Invariant: every fault of the envelope gives the same answer, so that a person without the password cannot tell a
 * wrong password from a cut file, a flipped bit, another server's file or no age file at all. Only what the first lines
 * show to anybody has its own name: a file that a device encrypted, and changed line ends. Every byte passed on was
 * verified.
 */
import { KeystairError } from '#domain/errors.ts';
import { type AgeStanza, isFileStanza } from '#domain/file-stanza.ts';
import type { KeyMaterial } from '#domain/key-material.ts';
import { step } from '#domain/step.ts';
import { unwrapFileKey } from '../age-identity.ts';
import { hasChangedLineEnds, headerMacFits, readAgeHeader } from '../age/age-header.ts';
import { type Bytes, decryptPayload } from '../age/age-payload.ts';
import { isScryptStanza, type Stretch, unwrapWithPassphrase } from '../age/scrypt-stanza.ts';
import { aboutSpaces, passwordForms } from '../password/password-text.ts';

export interface OpenExportKeys {
  readonly password: KeyMaterial | undefined;
  /** The server's own identities; called only for a file that is sealed to a recipient. */
  readonly identities: () => Promise<readonly KeyMaterial[]>;
  /** In a thread unless another is given. */
  readonly stretch?: Stretch | undefined;
  /** Called once the password or an identity has proved right: any later fault is the file's. */
  readonly onOpened?: () => void;
}

function unreadable(password?: string): KeystairError {
  return new KeystairError(
    'export-unreadable',
    'the file does not open: the password is wrong, or the file is damaged, truncated, not an export, or for another server',
    {
      nextStep: `${aboutSpaces(password ?? '')}check the password and copy the file again; a lost password cannot be recovered: if it is lost, export again`,
    },
  );
}

/** Anybody can see that, with or without a password. */
function ofADevice(): KeystairError {
  return new KeystairError('export-invalid', 'a device encrypted this file; it is not an export', {
    nextStep: step('decrypt-file'),
  });
}

async function findFileKey(stanzas: readonly AgeStanza[], keys: OpenExportKeys): Promise<Uint8Array> {
  if (stanzas.some(isScryptStanza)) {
    const password = keys.password?.exposeText();
    for (const form of password === undefined ? [] : passwordForms(password)) {
      const fileKey = await unwrapWithPassphrase(stanzas, form, keys.stretch);
      if (fileKey !== undefined) return fileKey;
    }
    throw unreadable();
  }
  if (stanzas.some(isFileStanza)) throw ofADevice();
  for (const identity of await keys.identities()) {
    const fileKey = await unwrapFileKey(identity, stanzas);
    if (fileKey !== null) return fileKey;
  }
  throw unreadable();
}

/**
 * Only failures of the envelope become the one answer; those of the source (a closed connection, a failed read) pass
 * through unchanged.
 */
function isOfTheEnvelope(error: unknown): boolean {
  if (!(error instanceof KeystairError) || hasChangedLineEnds(error)) return false;
  return ['file-damaged', 'file-not-encrypted', 'record-invalid', 'export-unreadable'].includes(error.code);
}

/** Yields verified plaintext. Throws `export-unreadable`, `export-invalid` for a file of a device, `file-damaged` for other line ends. */
export async function* openExport(source: AsyncIterable<Uint8Array>, keys: OpenExportKeys): Bytes {
  let fileKey: Uint8Array | undefined;
  try {
    const { header, rest } = await readAgeHeader(source);
    fileKey = await findFileKey(header.stanzas, keys);
    if (!headerMacFits(header, fileKey)) throw unreadable();
    keys.onOpened?.();
    yield* decryptPayload(fileKey, rest);
  } catch (error) {
    throw isOfTheEnvelope(error) ? unreadable(keys.password?.exposeText()) : error;
  } finally {
    fileKey?.fill(0);
  }
}
