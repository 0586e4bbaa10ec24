/** Reads what a drive says of itself: its LUKS2 header and the Keystair tokens in it. Changes nothing. */
import { type FileHandle, open } from 'node:fs/promises';
import { type DriveTokens, findDriveTokens } from './drive-token.ts';
import { DRIVE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import { type Luks2Header, parseLuks2Header } from './luks2/luks2-header.ts';
import { driveFailure } from './drive-target.ts';

export interface Drive extends DriveTokens {
  readonly header: Luks2Header;
}

/** Reads until `length` bytes or the end. */
async function readFront(handle: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

/**
 * Throws `not-found`, `drive-not-luks`, or `drive-altered` where the header or every Keystair token in it is malformed.
 * `tokens` is empty where Keystair never had the drive.
 */
export async function readDrive(path: string): Promise<Drive> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const header = parseLuks2Header(await readFront(handle, DRIVE_HEADER_BYTES_MAX));
    return { header, ...findDriveTokens(header) };
  } catch (error) {
    throw driveFailure(error, path);
  } finally {
    await handle?.close();
  }
}
