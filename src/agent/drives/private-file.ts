/**
 * A file without a name, for cryptsetup to inspect or to fill while the drive itself stays untouched. Nobody else can
 * open it, nothing of it is left when the process ends, and cryptsetup may write to it as it likes.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, statfs, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeystairError } from '#domain/errors.ts';

const MIB = 1024 * 1024;

/** Memory first: a copy of keyslots on a disk could survive the erasing of its drive. */
const FOLDERS: readonly string[] = ['/dev/shm', tmpdir()];

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // Missing, or it cannot be asked: the next folder.
    return 0;
  }
}

/** A file of zeros. The caller closes it. */
export async function makePrivateFile(bytes: number): Promise<FileHandle> {
  let failure: unknown;
  for (const folder of FOLDERS) {
    if ((await freeBytes(folder)) < bytes) continue;
    const name = join(folder, `keystair-${randomUUID()}`);
    let handle: FileHandle | undefined;
    try {
      handle = await open(name, 'wx+', 0o600);
      await unlink(name);
      await handle.truncate(bytes);
      return handle;
    } catch (error) {
      await handle?.close();
      failure = error;
    }
  }
  throw new KeystairError('disk-full', "there is no room for a private copy of a drive's header", {
    nextStep: `free ${Math.ceil(bytes / MIB)} MiB in ${FOLDERS.join(' or ')}`,
    cause: failure,
  });
}
