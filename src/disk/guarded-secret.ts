/**
 * A secret that a person put into a file: refused where other users of the machine could read it. A pipe has no such
 * mode, and belongs to the process that opened it.
 */
import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
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

/** The text of such a file, without white space around it. Throws a sentence that says what is wrong with the file. */
export function readGuardedSecret(path: string, bytesMax: number): string {
  const descriptor = openSync(path, 'r');
  try {
    const found = fstatSync(descriptor);
    const exposed = exposureOf(path, found);
    if (exposed !== undefined) throw new Error(`the file ${path} ${exposed.because}; ${exposed.nextStep}`);
    if (found.size > bytesMax) throw new Error(`the file ${path} holds more than a secret`);
    const secret = readFileSync(descriptor, 'utf8').trim();
    if (secret === '') throw new Error(`the file ${path} is empty`);
    return secret;
  } finally {
    closeSync(descriptor);
  }
}
