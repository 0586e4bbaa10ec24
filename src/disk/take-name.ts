/**
 * Giving a finished file its name. Invariant: what bears the name already is not replaced unless that was asked for,
 * however late it came to be there.
 */
import { link, open, rename, unlink } from 'node:fs/promises';

/** What systems without links answer, FAT and shares among them, and those that refuse this one. */
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
 * Throws EEXIST where the name is taken and `replace` is not asked for.
 *
 * @returns whether the file bears its first name, too.
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

/** A rename replaces. So the name is taken by an empty file first, which fails where it is not free. */
async function renameToFree(file: string, name: string): Promise<void> {
  await (await open(name, 'wx', 0o600)).close();
  try {
    await rename(file, name);
  } catch (error) {
    await unlink(name).catch(() => {});
    throw error;
  }
}
