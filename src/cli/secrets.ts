/**
 * How secrets come in: a password from a file or a prompt, an invitation from a file, standard input or a prompt. Never
 * from an argument, which every process list shows. Reads are bounded, so that a wrong path (a disk, an endless pipe)
 * ends in a sentence.
 */
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { passwordFault } from '#crypto/password/password-text.ts';
import { exposureOf } from '#disk/guarded-secret.ts';
import { KeystairError } from '#domain/errors.ts';
import { INVITATION_BYTES_MAX, PASSWORD_BYTES_MAX, RECOVERY_SHARE_BYTES_MAX } from '#domain/limits.ts';
import { askHidden } from './hidden-prompt.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Nobody gives a file such a name; it is the pasted invitation itself. */
const INVITATION_BEGINS = 'keystair-invitation-';

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
  throw new KeystairError('invalid-argument', `${what} ${fault}, and nobody could type that`, {
    nextStep: 'give the password alone, on one line, as text in UTF-8',
  });
}

/** From the given file, or else from a prompt; `twice` where it is new and a slip would lock the person out. */
export async function readPassword(
  path: string | undefined,
  terminal: Pick<Terminal, 'inputIsPerson'>,
  question: { readonly text: string; readonly twice: boolean },
): Promise<string> {
  if (path !== undefined) return await readPasswordFile(path);
  if (!terminal.inputIsPerson) {
    throw new UsageError('a password is needed and there is no terminal to ask on', {
      nextStep: 'give it with --password-file FILE',
    });
  }
  const password = await askHidden(`${question.text}: `, PASSWORD_BYTES_MAX);
  if (password === '') {
    throw new KeystairError('password-weak', 'the password is empty', { nextStep: 'run the command again' });
  }
  requireTypeable(password, 'what was typed');
  if (question.twice && (await askHidden(`${question.text}, once more: `, PASSWORD_BYTES_MAX)) !== password) {
    throw new KeystairError('password-mismatch', 'the two passwords are not the same', {
      nextStep: 'run the command again',
    });
  }
  return password;
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
  if (source.startsWith(INVITATION_BEGINS)) {
    // Not repeated here: standard error often ends in a log.
    throw new UsageError('an invitation is no argument: every process list shows arguments', {
      nextStep: 'put it into a file and name that, or give - and pass it on standard input',
    });
  }
  const what = source === '-' ? 'the invitation on standard input' : `the invitation file ${source}`;
  const text = await readInvitationText(source, what, terminal);
  const invitation = text.trim();
  if (invitation === '') {
    throw new KeystairError('invitation-invalid', `${what} is empty`, {
      nextStep: 'make one with `keystair hierarchy invite` or `keystair devices invite`',
    });
  }
  return invitation;
}

async function readInvitationText(
  source: string,
  what: string,
  terminal: Pick<Terminal, 'input' | 'inputIsPerson'>,
): Promise<string> {
  if (source !== '-') return textOf(await readFile(source, what, INVITATION_BYTES_MAX), what);
  if (terminal.inputIsPerson) return await askHidden('Invitation: ', INVITATION_BYTES_MAX);
  return textOf(await readBounded(terminal.input, what, INVITATION_BYTES_MAX), what);
}
