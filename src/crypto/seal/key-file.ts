/**
 * The seal that is a file: 32 random bytes that open the root key, in a form a person recognises.
 *
 * Invariants: a key file never overwrites another file, is durable before anything is sealed under it, and is refused
 * where anyone but its owner could have read or changed it. No error holds a part of its content.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { syncPath } from '#disk/closed-directory.ts';
import { shellWord } from '#disk/shell-word.ts';
import { assert, KeystairError } from '#domain/errors.ts';
import { KEY_FILE_BYTES_MAX } from '#domain/limits.ts';
import type { Random } from '../keyring.ts';

const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;
const GROUP_AND_OTHERS = 0o077;
const COMMENT = [
  '# Keystair key file: opens the root key of one Administration Server, and with it every key in its database.',
  '# Keep it secret. Keep a copy away from the database: without this file the database cannot be read.',
].join('\n');
/** Comment lines, then one line: 32 bytes in canonical base64. */
const KEY_FILE = /^(?:#[^\n]*\n)*([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\n?$/;

/** The system's own code for the fault, such as ENOENT. */
function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown error';
}

function writeFault(path: string, error: unknown): KeystairError {
  if (error instanceof KeystairError) return error;
  const code = systemCode(error);
  if (code === 'EEXIST') {
    return new KeystairError('file-exists', `${path} already exists, and a key file is never replaced`, {
      nextStep: 'start with the data directory that it belongs to, or give another path',
      cause: error,
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KeystairError('disk-full', `the disk for the key file ${path} is full (${code})`, {
      nextStep: 'free some space there, and run the command again',
      cause: error,
    });
  }
  return new KeystairError('data-not-writable', `the key file ${path} cannot be written (${code})`, {
    nextStep: 'let this user write to that directory',
    cause: error,
  });
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(descriptor, bytes, at);
}

/**
 * Makes a key file and returns its 32 bytes. Throws `file-exists`, `disk-full` or `data-not-writable`, and then leaves
 * nothing behind.
 */
export function createKeyFile(path: string, random: Random): Uint8Array {
  const key = random(KEY_BYTES);
  assert(key.length === KEY_BYTES, 'randomness gives as many bytes as it was asked for');
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY);
  } catch (error) {
    throw writeFault(path, error);
  }
  const text = Buffer.from(`${COMMENT}\n${Buffer.from(key).toString('base64')}\n`);
  try {
    try {
      // A umask can only take bits away, and might take the owner's.
      fchmodSync(descriptor, OWNER_ONLY);
      writeAll(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
      text.fill(0);
    }
    // A new name is durable only once its directory is.
    syncPath(dirname(resolve(path)));
  } catch (error) {
    rmSync(path, { force: true });
    throw writeFault(path, error);
  }
  return key;
}

/** The whole of an open file, or undefined where it is longer than any key file. */
function readUpToLimit(descriptor: number): string | undefined {
  const bytes = Buffer.alloc(KEY_FILE_BYTES_MAX + 1);
  let size = 0;
  while (size < bytes.length) {
    const read = readSync(descriptor, bytes, size, bytes.length - size, null);
    if (read === 0) break;
    size += read;
  }
  const text = bytes.toString('latin1', 0, size);
  bytes.fill(0);
  return size > KEY_FILE_BYTES_MAX ? undefined : text;
}

/** Checks the open file, not its name, so that nobody swaps it between the check and the read. */
function checkGuarded(path: string, descriptor: number): void {
  const { mode, uid } = fstatSync(descriptor);
  const self = process.geteuid?.() ?? uid;
  if (uid !== self && self !== 0) {
    throw new KeystairError(
      'root-key-exposed',
      `the key file ${path} belongs to another user, who can read it`,
      {
        nextStep: `as root, run: chown ${self} ${shellWord(path)} && chmod 600 ${shellWord(path)}`,
      },
    );
  }
  if ((mode & GROUP_AND_OTHERS) !== 0) {
    throw new KeystairError(
      'root-key-exposed',
      `the key file ${path} is open to other users of this machine`,
      {
        nextStep: `run: chmod 600 ${shellWord(path)}`,
      },
    );
  }
}

/** The 32 bytes of a key file. Throws `root-key-missing`, `root-key-exposed` or `root-key-wrong`. */
export function readKeyFile(path: string): Uint8Array {
  let descriptor: number;
  try {
    // Non-blocking: a named pipe in its place must not delay the start.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    const absent = code === 'ENOENT' || code === 'ENOTDIR';
    const what = absent ? `there is no key file at ${path}` : `the key file ${path} cannot be read (${code})`;
    throw new KeystairError('root-key-missing', what, {
      nextStep: absent
        ? 'restore the key file of this data directory from the copy kept elsewhere'
        : 'start as the user that owns the key file',
      cause: error,
    });
  }
  try {
    checkGuarded(path, descriptor);
    const encoded = fstatSync(descriptor).isFile()
      ? KEY_FILE.exec(readUpToLimit(descriptor) ?? '')?.[1]
      : undefined;
    if (encoded === undefined) {
      throw new KeystairError('root-key-wrong', `${path} is not a complete key file`, {
        nextStep: 'it was truncated or altered, or is a different file: restore the copy kept elsewhere',
      });
    }
    return new Uint8Array(Buffer.from(encoded, 'base64'));
  } finally {
    closeSync(descriptor);
  }
}
