/** Which folders a policy may have encrypted: one absolute path each, never one that the system itself needs to read. */
import { FOLDER_LENGTH_MAX } from './policy-limits.ts';

/** A device whose files here were encrypted would not start again. */
const SYSTEM_FOLDERS = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib64',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/var/lib/keystair',
  '/var/lib/keystair-agent',
];
// A pattern would be taken for a folder of that name, and a control character breaks the line that shows it.
const NOT_IN_A_PATH = /[*?[\]{}\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Undefined for a folder that a policy may name; else what is wrong with it. */
export function folderFault(folder: unknown): string | undefined {
  if (typeof folder !== 'string' || folder.length === 0 || folder.length > FOLDER_LENGTH_MAX)
    return `must be a path of 1 to ${FOLDER_LENGTH_MAX} characters`;
  if (!folder.startsWith('/'))
    return 'must be an absolute path: a relative one names another folder each time';
  if (NOT_IN_A_PATH.test(folder)) return 'must be one folder, without placeholders';
  const parts = folder.slice(1).split('/');
  if (folder === '/' || parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'must be a plain path, below /, without "//", ".", ".." or a slash at its end';
  if (SYSTEM_FOLDERS.some((one) => isWithin(folder, one) || isWithin(one, folder)))
    return 'holds what the system or the agent needs to read: a device would not start again';
  return undefined;
}

function isWithin(folder: string, other: string): boolean {
  return folder === other || folder.startsWith(`${other}/`);
}
