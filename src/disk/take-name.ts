/**
 * Gives a finished file its name. Invariant: an existing file with that name is not replaced unless that was asked for,
 * however late it appeared.
 */
import { link, open, rename, unlink } from 'node:fs/promises';

/** Errors of systems without links, FAT and shares among them, and of those that refuse this link. */
const CANNOT_LINK: ReadonlySet<string> = new Set([
  'EACCES',
  'EINVAL',
  'EMLINK',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EPERM',
  'EXDEV',
]);

/**
 * Throws EEXIST where the name is taken and `replace` is not set.
 *
 * @returns whether the file still has its first name as well.
 */
export async function takeName(file: string, name: string, replace: boolean): Promise<boolean> {
  if (replace) {
    await rename(file, name);
    return false;
  }
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (!CANNOT_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  await renameToFree(file, name);
  return false;
}

/** A rename replaces. So an empty file takes the name first, which fails where the name is not free. */
async function renameToFree(file: string, name: string): Promise<void> {
  await (await open(name, 'wx', 0o600)).close();
  try {
    await rename(file, name);
  } catch (error) {
    await unlink(name).catch(() => {});
    throw error;
  }
}
