/**
 * Whose server answers on the socket of a data directory.
 *
 * Invariant: nothing is sent until it is known that only the directory's owner, or root, can have made the socket.
 * Passwords go over it, and a user who may write in the directory could move the server's socket away and listen there.
 */
import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isWritableByOthers, ownUser } from '#disk/closed-directory.ts';
import { shellWord } from '#disk/shell-word.ts';
import { KeystairError } from '#domain/errors.ts';

const ROOT = 0;
const EVERYBODY_WRITES = 0o002;
const STICKY = 0o1000;

/**
 * @param found the status of the directory.
 * @param socket its path; the caller reports a missing socket.
 * Throws `not-allowed`, `data-exposed`.
 */
export function requireOwnersSocket(dataDirectory: string, found: Stats, socket: string): void {
  const { uid, mode } = found;
  const self = ownUser(uid);
  if (uid !== self && self !== ROOT) throw ownerOnly(dataDirectory);
  if (isWritableByOthers(mode)) {
    throw exposed(
      `other users may write to the data directory ${dataDirectory}`,
      `run: chmod 700 ${shellWord(dataDirectory)}; then find out who put the files there, and start the server again`,
    );
  }
  // A user knows their own directory. root takes another user's directory by its path alone.
  const above = uid === self ? undefined : openAbove(dataDirectory);
  if (above !== undefined) {
    throw exposed(
      `${dataDirectory} belongs to another user (${uid}), and any user may create a directory with that name in ${above}`,
      `run: chmod o-w ${shellWord(above)}; then check whether it is the server's directory`,
    );
  }
  const there = lstatSync(socket, { throwIfNoEntry: false });
  if (there === undefined || (there.isSocket() && (there.uid === uid || there.uid === ROOT))) return;
  throw exposed(
    there.isSocket() ? `${socket} belongs to another user (${there.uid})` : `${socket} is not a socket`,
    'find out who put it there, remove it, and start the server again',
  );
}

/** The folder above in which everybody may rename other users' files. */
function openAbove(directory: string): string | undefined {
  let at = realpathSync(directory);
  while (at !== dirname(at)) {
    at = dirname(at);
    const { mode } = statSync(at);
    if ((mode & EVERYBODY_WRITES) !== 0 && (mode & STICKY) === 0) return at;
  }
  return undefined;
}

function ownerOnly(dataDirectory: string): KeystairError {
  return new KeystairError('not-allowed', `only the owner of ${dataDirectory} may use this server`, {
    nextStep: "run the command as the server's user",
  });
}

function exposed(sentence: string, nextStep: string): KeystairError {
  return new KeystairError('data-exposed', `${sentence}: nothing was sent`, { nextStep });
}
