/**
 * Flushing files and folders where people keep them: shares, sticks, drop boxes. Invariant: a failed flush is reported;
 * a system without that call is no failure, because nothing more can be done there.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What network shares and virtual machines' shares answer where they have no flush. */
export const NO_SUCH_CALL: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

export async function flush(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!NO_SUCH_CALL.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Makes the names in it durable. In a drop box, which one may write into and not read, only its owner can. */
export async function flushFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return;
    throw error;
  }
  try {
    await flush(handle);
  } finally {
    await handle.close();
  }
}
