/**
 * A question on the terminal, whose answer may be hidden. It is asked on the controlling terminal itself, so that standard
 * input and output stay free for data. Every way out restores the terminal.
 */
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { KeystairError } from '#domain/errors.ts';

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CTRL_U = 0x15;
const DELETE = 0x7f;

/** What one more byte does to the line typed so far. Bytes and not characters: a pasted line comes in pieces. */
export function typeByte(typed: readonly number[], byte: number): readonly number[] | 'done' | 'given-up' {
  if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return 'done';
  if (byte === CTRL_C || (byte === CTRL_D && typed.length === 0)) return 'given-up';
  if (byte === CTRL_U) return [];
  if (byte === BACKSPACE || byte === DELETE) {
    let end = typed.length - 1;
    // A character's later bytes in UTF-8 begin with the bits 10; all of them go with the first.
    while (end > 0 && (typed[end]! & 0xc0) === 0x80) end -= 1;
    return typed.slice(0, Math.max(end, 0));
  }
  return [...typed, byte];
}

/** A terminal with another encoding would send another letter, and the text typed elsewhere would not open. */
function typedText(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw new KeystairError('invalid-argument', 'what was typed is not text in UTF-8', {
      nextStep: 'set the terminal to UTF-8, or give it in a file saved as UTF-8',
      cause,
    });
  }
}

/** @throws `invalid-argument` for what is not UTF-8, `interrupted` where the person gives up, or there is no terminal. */
export function askHidden(question: string, bytesMax: number): Promise<string> {
  return ask(question, bytesMax, true);
}

/** The same for an answer that is no secret, or only for a moment: the terminal shows what is typed. */
export function askVisibly(question: string, bytesMax: number): Promise<string> {
  return ask(question, bytesMax, false);
}

async function ask(question: string, bytesMax: number, hidden: boolean): Promise<string> {
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch (cause) {
    throw new KeystairError('interrupted', 'there is no terminal to ask on', {
      nextStep: 'give it in a file',
      cause,
    });
  }
  const input = new ReadStream(descriptor);
  const restore = (): void => {
    input.setRawMode(false);
  };
  process.on('exit', restore);
  const stopped = (signal: NodeJS.Signals): void => {
    restore();
    process.kill(process.pid, signal);
  };
  process.once('SIGTERM', stopped);
  process.once('SIGHUP', stopped);
  try {
    if (hidden) input.setRawMode(true);
    writeSync(descriptor, question);
    return await readLine(input, bytesMax);
  } finally {
    restore();
    if (hidden) writeSync(descriptor, '\n');
    process.off('exit', restore);
    process.off('SIGTERM', stopped);
    process.off('SIGHUP', stopped);
    input.destroy();
  }
}

function readLine(input: ReadStream, bytesMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: readonly number[] = [];
    const giveUp = (message: string, nextStep: string): void => {
      reject(new KeystairError('interrupted', message, { nextStep }));
    };
    const finish = (bytes: readonly number[]): void => {
      try {
        resolve(typedText(bytes));
      } catch (error) {
        reject(error);
      }
    };
    input.on('error', reject);
    input.on('end', () => giveUp('the terminal was closed', 'run the command again'));
    input.on('data', (chunk: Buffer) => {
      for (const byte of chunk) {
        const next = typeByte(typed, byte);
        if (next === 'done') return finish(typed);
        if (next === 'given-up') return giveUp('nothing was entered', 'run the command again');
        if (next.length > bytesMax)
          return giveUp(`more than ${bytesMax} bytes were entered`, 'give it in a file');
        typed = next;
      }
      return undefined;
    });
  });
}
