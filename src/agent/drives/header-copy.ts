/**
 * A private copy of a drive's header and keyslots, for cryptsetup to read instead of the drive.
 *
 * Invariant: what was judged is what is used. The copy holds the very bytes that were parsed; cryptsetup reads them
 * there, as often as it likes, and nobody can change them meanwhile. cryptsetup repairs a header by itself when it
 * opens one, so it never gets near a drive that was not judged: nothing here writes to the drive.
 */
import type { FileHandle } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import {
  DRIVE_DATA_OFFSET_MAX,
  DRIVE_HEADER_BYTES_MAX,
  DRIVE_METADATA_SHOWN_BYTES_MAX,
} from '#domain/limits.ts';
import { cryptsetupFailure, runCryptsetup, said } from './cryptsetup.ts';
import { type OpenDrive, readAt } from './drive-target.ts';
import type { Luks2Header } from './luks2/luks2-header.ts';
import { LUKS2_JSON } from './luks2/luks2-metadata.ts';
import { makePrivateFile } from './private-file.ts';
import type { ToolOptions } from './run-tool.ts';
import { HANDED_FILE } from './run-tool.ts';

/** cryptsetup's exit codes for a damaged or missing header: wrong parameters, or wrong device. */
const EXIT_NO_HEADER: readonly number[] = [1, 4];
const PIECE_BYTES = 1024 * 1024;

/** Where header and keyslots end, in the parts that this version reads. */
function frontBytes(header: Luks2Header): number {
  const dataAt = [...header.segments.values()].map(({ offset }) => Number(offset));
  return Math.min(DRIVE_DATA_OFFSET_MAX, Math.max(DRIVE_HEADER_BYTES_MAX, ...dataAt));
}

/**
 * @param front the bytes from which `header` was parsed, the drive's first.
 *
 * The caller closes the copy.
 */
export async function copyHeader(
  { handle, target }: OpenDrive,
  front: Uint8Array,
  header: Luks2Header,
): Promise<FileHandle> {
  const copy = await makePrivateFile(frontBytes(header));
  // Where a drive was cut, the copy has zeros.
  const bytes = Math.min(frontBytes(header), target.bytes);
  try {
    await copy.write(front, 0, front.length, 0);
    for (let at = front.length; at < bytes; at += PIECE_BYTES) {
      const piece = await readAt(handle, at, Math.min(PIECE_BYTES, bytes - at));
      await copy.write(piece, 0, piece.length, at);
    }
    return copy;
  } catch (error) {
    await copy.close();
    throw error;
  }
}

function altered(sentence: string): KeystairError {
  return new KeystairError('drive-altered', sentence, {
    nextStep: 'do not write to the drive; restore its header from a backup, or ask who changed it',
  });
}

/** The output is cryptsetup's own, but may be cut off at our limit. */
function parsed(text: string): unknown {
  try {
    return parseJson(text, { ...LUKS2_JSON, length: DRIVE_METADATA_SHOWN_BYTES_MAX });
  } catch {
    return undefined;
  }
}

/**
 * cryptsetup knows rules of the format that our parser does not. It is asked which metadata it accepts; where those are
 * not the ones that were judged, or it accepts none, the drive is refused.
 */
export async function checkCryptsetupAgrees(
  copy: FileHandle,
  header: Luks2Header,
  options: ToolOptions = {},
): Promise<void> {
  const run = await runCryptsetup(['luksDump', '--dump-json-metadata', HANDED_FILE], {
    ...options,
    file: copy,
    outputBytesMax: DRIVE_METADATA_SHOWN_BYTES_MAX,
  });
  if (run.exitCode !== 0) {
    // Releases before 2.4 do not support the question.
    if (!EXIT_NO_HEADER.includes(run.exitCode) || /unknown option/.test(run.stderr)) {
      throw cryptsetupFailure('luksDump --dump-json-metadata', run);
    }
    throw altered(`cryptsetup rejects the drive's header: ${said(run)}`);
  }
  const shown = parsed(run.stdout);
  if (shown === undefined || !isDeepStrictEqual(shown, parseJson(header.json, LUKS2_JSON))) {
    throw altered(
      `the two copies of the drive's header differ, and cryptsetup would not use the ${header.copy} one, which is newer`,
    );
  }
}
