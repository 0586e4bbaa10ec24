/**
 * A small file that a person names in the configuration or on the command line. A secret is refused where other users of
 * the machine could read it; a pipe has no such mode, and belongs to the process that opened it.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { ownUser } from './closed-directory.ts';
import { shellWord } from './shell-word.ts';

const ROOT = 0;
const GROUP_AND_OTHERS = 0o077;
/** root passes a secret to one user through the group, as systemd does with credentials. */
const WRITABLE_BY_GROUP_AND_OTHERS = 0o027;

export interface Exposed {
  /** Ends a sentence that begins with the file. */
  readonly because: string;
  readonly nextStep: string;
}

/** @param found of the open file and not of its name, so that nobody swaps it between the check and the read. */
export function exposureOf(path: string, found: Stats): Exposed | undefined {
  if (!found.isFile()) return undefined;
  const { uid, mode } = found;
  const self = ownUser(uid);
  const word = shellWord(path);
  if (uid !== self && uid !== ROOT && self !== ROOT) {
    return {
      because: 'belongs to another user, who can read it',
      nextStep: `as root, run: chown ${self} ${word} && chmod 600 ${word}`,
    };
  }
  const closed = uid === ROOT && self !== ROOT ? WRITABLE_BY_GROUP_AND_OTHERS : GROUP_AND_OTHERS;
  if ((mode & closed) === 0) return undefined;
  return { because: 'is open to other users of this machine', nextStep: `run: chmod 600 ${word}` };
}

/** Why there is no text. Its own text holds nothing of the file but its name. */
export class NamedFileFault extends Error {
  /** Ends a sentence that begins with the file. */
  readonly because: string;
  /** Where others could read it: what it holds is no secret any more. */
  readonly exposed: Exposed | undefined;

  constructor(path: string, why: string | Exposed, options?: ErrorOptions) {
    const exposed = typeof why === 'string' ? undefined : why;
    const because = typeof why === 'string' ? why : why.because;
    super(`the file ${path} ${because}${exposed === undefined ? '' : `; ${exposed.nextStep}`}`, options);
    this.because = because;
    this.exposed = exposed;
  }
}

/** A secret, without the end of its last line. Throws a {@link NamedFileFault}. */
export function readGuardedSecret(path: string, bytesMax: number): string {
  return readNamed(path, bytesMax, true).replace(/\r?\n$/, '');
}

/** What everybody may know, such as certificates. Throws a {@link NamedFileFault}. */
export function readOpenFile(path: string, bytesMax: number): string {
  return readNamed(path, bytesMax, false);
}

function readNamed(path: string, bytesMax: number, isSecret: boolean): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const exposed = isSecret ? exposureOf(path, fstatSync(descriptor)) : undefined;
    if (exposed !== undefined) throw new NamedFileFault(path, exposed);
    const bytes = readUpTo(descriptor, bytesMax + 1);
    if (bytes.length > bytesMax) throw new NamedFileFault(path, `is longer than ${bytesMax} bytes`);
    const text = bytes.toString('utf8');
    if (text.trim() === '') throw new NamedFileFault(path, 'is empty');
    return text;
  } catch (cause) {
    if (cause instanceof NamedFileFault) throw cause;
    const { code = 'unknown failure' } = cause as NodeJS.ErrnoException;
    throw new NamedFileFault(path, `cannot be read (${code})`, { cause });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A pipe gives its bytes piece by piece, and may never end. */
function readUpTo(descriptor: number, bytesMax: number): Buffer {
  const bytes = Buffer.alloc(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const read = readSync(descriptor, bytes, length, bytesMax - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
