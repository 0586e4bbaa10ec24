/**
 * How secrets come in: a password from a file or a prompt, an invitation from a file, standard input or a prompt. Never
 * from an argument, which every process list shows. Reads are bounded, so that a wrong path (a disk, an endless pipe)
 * ends in a sentence.
 */
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { passwordFault } from '#crypto/password/password-text.ts';
import { exposureOf } from '#disk/named-file.ts';
import { KeystairError } from '#domain/errors.ts';
import { INVITATION_BYTES_MAX, PASSWORD_BYTES_MAX, RECOVERY_SHARE_BYTES_MAX } from '#domain/limits.ts';
import { askHidden } from './hidden-prompt.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Nobody gives a file such a name; it is the pasted invitation itself. */
const INVITATION_BEGINS = 'keystair-invitation-';
/** Nor one like these: BitLocker's and FileVault's. */
const LOOKS_LIKE_RECOVERY = /^(?:\d{6}[- ]?){8}$|^(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}$/i;

async function readBounded(
  source: AsyncIterable<Buffer | string>,
  what: string,
  bytesMax: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > bytesMax) {
      throw new KeystairError('invalid-argument', `${what} has more than ${bytesMax} bytes`, {
        nextStep: 'check that it is the right file',
      });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function readFile(path: string, what: string, bytesMax: number): Promise<Buffer> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new KeystairError('invalid-argument', `${what} is a directory`, { nextStep: 'name a file' });
  }
  return readBounded(createReadStream(path), what, bytesMax);
}

/** The same for a file that only its owner may read. A pipe is as good as a file. */
async function readGuarded(path: string, what: string, bytesMax: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const found = await handle.stat();
    if (found.isDirectory()) {
      throw new KeystairError('invalid-argument', `${what} is a directory`, { nextStep: 'name a file' });
    }
    const exposed = exposureOf(path, found);
    if (exposed !== undefined) {
      const { because, nextStep } = exposed;
      throw new KeystairError('password-exposed', `${what} ${because}`, { nextStep });
    }
    return await readBounded(handle.createReadStream({ autoClose: false }), what, bytesMax);
  } finally {
    await handle.close();
  }
}

/** A file with a passphrase of a drive: any bytes, as cryptsetup takes them. */
export async function readKeyFile(path: string): Promise<Uint8Array> {
  const what = `the password file ${path}`;
  const bytes = await readGuarded(path, what, PASSWORD_BYTES_MAX);
  if (bytes.length > 0) return bytes;
  throw new KeystairError('password-weak', `${what} is empty`, { nextStep: 'write the password into it' });
}

/** UTF-16 begins with one of these where it has a byte order mark. */
const UTF_16_MARKS = ['fffe', 'feff'];

function textOf(bytes: Buffer, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const isUtf16 = UTF_16_MARKS.includes(bytes.toString('hex', 0, 2));
    throw new KeystairError('invalid-argument', `${what} is ${isUtf16 ? 'UTF-16' : 'not text in UTF-8'}`, {
      nextStep: isUtf16 ? 'save it as UTF-8' : 'check that it is the right file, and save it as UTF-8',
      cause,
    });
  }
}

/**
 * The password in a file: one line, without the newline that editors and `echo` add and the mark that Windows editors
 * put before it. A password that nobody could type on the other machine is refused.
 */
export async function readPasswordFile(path: string): Promise<string> {
  const what = `the password file ${path}`;
  const text = textOf(await readGuarded(path, what, PASSWORD_BYTES_MAX), what);
  const password = text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
  if (password === '') {
    throw new KeystairError('password-weak', `${what} is empty`, { nextStep: 'write the password into it' });
  }
  requireTypeable(password, what);
  return password;
}

function requireTypeable(password: string, what: string): void {
  const fault = passwordFault(password);
  if (fault === undefined) return;
  throw new KeystairError('invalid-argument', `${what} ${fault}, which nobody could type`, {
    nextStep: 'give only the password, on one line, in UTF-8',
  });
}

/** From the given file, or else from a prompt; `twice` where it is new and a slip would lock the person out. */
export async function readPassword(
  path: string | undefined,
  terminal: Pick<Terminal, 'inputIsPerson'>,
  question: { readonly text: string; readonly twice: boolean; readonly option?: string },
): Promise<string> {
  if (path !== undefined) return await readPasswordFile(path);
  if (!terminal.inputIsPerson) {
    throw new UsageError('a password is needed and there is no terminal to ask on', {
      nextStep: `give it with --${question.option ?? 'password-file'} FILE`,
    });
  }
  const password = await askHidden(`${question.text}: `, PASSWORD_BYTES_MAX);
  if (password === '') {
    throw new KeystairError('password-weak', 'the password is empty', { nextStep: 'run the command again' });
  }
  requireTypeable(password, 'what was typed');
  if (question.twice && (await askHidden(`${question.text}, again: `, PASSWORD_BYTES_MAX)) !== password) {
    throw new KeystairError('password-mismatch', 'the two passwords are not the same', {
      nextStep: 'run the command again',
    });
  }
  return password;
}

/** A line that is no password: a code, a key. */
export async function readSecretFile(path: string, what: string, lengthMax: number): Promise<string> {
  // Room for the newline that an editor adds.
  return textOf(await readGuarded(path, what, lengthMax + 2), what).replace(/\r?\n$/, '');
}

/** @param source a file that only its owner may read, or `-` for standard input; a person there gets a hidden prompt. */
export async function readRecoveryText(
  source: string,
  terminal: Pick<Terminal, 'input' | 'inputIsPerson'>,
): Promise<string> {
  if (LOOKS_LIKE_RECOVERY.test(source)) throw shownByArgument('a recovery password');
  const asked = {
    called: 'the recovery password',
    question: 'Recovery password',
    bytesMax: PASSWORD_BYTES_MAX,
    guarded: true,
  };
  return readText(source, asked, terminal);
}

/** A list with recovery passwords, as a spreadsheet or another product wrote it: 50,000 devices, with room. */
const RECOVERY_LIST_BYTES_MAX = 16 * 1024 * 1024;

/** @param source a file that only its owner may read, or `-` for standard input. */
export function readRecoveryList(
  source: string,
  terminal: Pick<Terminal, 'input' | 'inputIsPerson'>,
): Promise<string> {
  const asked = {
    called: 'the list',
    question: 'List',
    bytesMax: RECOVERY_LIST_BYTES_MAX,
    guarded: true,
  };
  return readText(source, asked, terminal);
}

/** Does not repeat it: standard error often ends in a log. */
function shownByArgument(what: string): UsageError {
  return new UsageError(`${what} cannot be an argument: process lists show arguments`, {
    nextStep: 'put it in a file and name that, or give - and pass it on standard input',
  });
}

/** One recovery share, as it was written or typed into a file. */
export async function readShareFile(path: string): Promise<string> {
  const what = `the share file ${path}`;
  return textOf(await readGuarded(path, what, RECOVERY_SHARE_BYTES_MAX), what);
}

/** @param source a file's path, or `-` for standard input; a person there gets a prompt. */
export async function readInvitation(
  source: string,
  terminal: Pick<Terminal, 'input' | 'inputIsPerson'>,
): Promise<string> {
  if (source.startsWith(INVITATION_BEGINS)) throw shownByArgument('an invitation');
  const what = source === '-' ? 'the invitation on standard input' : `the invitation file ${source}`;
  const asked = { called: 'the invitation', question: 'Invitation', bytesMax: INVITATION_BYTES_MAX };
  const text = await readText(source, asked, terminal);
  const invitation = text.trim();
  if (invitation === '') {
    throw new KeystairError('invitation-invalid', `${what} is empty`, {
      nextStep: 'make one with `keystair hierarchy invite` or `keystair devices invite`',
    });
  }
  return invitation;
}

/** @param source a file's path, or `-` for standard input; a person there gets a prompt, and it stays hidden. */
export async function readText(
  source: string,
  {
    called,
    question,
    bytesMax,
    guarded = false,
  }: {
    readonly called: string;
    readonly question: string;
    readonly bytesMax: number;
    /** Only its owner may read the file. */
    readonly guarded?: boolean;
  },
  terminal: Pick<Terminal, 'input' | 'inputIsPerson'>,
): Promise<string> {
  if (source !== '-') {
    const what = `${called} file ${source}`;
    return textOf(await (guarded ? readGuarded : readFile)(source, what, bytesMax), what);
  }
  if (terminal.inputIsPerson) return await askHidden(`${question}: `, bytesMax);
  const what = `${called} on standard input`;
  return textOf(await readBounded(terminal.input, what, bytesMax), what);
}
