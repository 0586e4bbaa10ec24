/** Reads a drive's description of itself: its LUKS2 header and the Keystair tokens in it. Changes nothing. */
import { DRIVE_HEADER_BYTES_MAX } from '#domain/limits.ts';
import { driveFailure, type OpenDrive, openDrive, readAt } from './drive-target.ts';
import { type DriveTokens, findDriveTokens } from './drive-token.ts';
import { describeNotLuks } from './not-luks.ts';
import { type Luks2Header, findLuks2Header } from './luks2/luks2-header.ts';

export interface Drive extends DriveTokens {
  readonly header: Luks2Header;
  /** The bytes from which the header was read. */
  readonly front: Uint8Array;
}

/**
 * Throws `drive-not-luks`, or `drive-altered` where the header or every Keystair token in it is malformed. `tokens` is
 * empty where Keystair never had the drive.
 */
export async function readOpenDrive(drive: OpenDrive): Promise<Drive> {
  const { header, front } = await readOpenHeader(drive);
  return { header, front, ...findDriveTokens(header) };
}

/** The same, whatever its tokens are like. */
export async function readOpenHeader(drive: OpenDrive): Promise<Pick<Drive, 'header' | 'front'>> {
  const front = await readFront(drive);
  const header = findLuks2Header(front);
  if (header === undefined) throw await describeNotLuks(drive, front);
  return { header, front };
}

async function readFront({ handle, target }: OpenDrive): Promise<Buffer> {
  try {
    return await readAt(handle, 0, DRIVE_HEADER_BYTES_MAX);
  } catch (error) {
    throw driveFailure(error, target.path);
  }
}

/** Throws what `openDrive` and `readOpenDrive` throw. */
export async function readDrive(path: string): Promise<Drive> {
  const drive = await openDrive(path);
  try {
    return await readOpenDrive(drive);
  } finally {
    await drive.handle.close();
  }
}
