/** A shell command under a terminal of its own, made by `script`, with a person who types an answer to each question. */
import { spawn } from 'node:child_process';

export interface OnTerminal {
  readonly status: number | null;
  /** All that the terminal showed. */
  readonly shown: string;
}

/** @param answers typed one after another, each when a question ends with a colon. */
export async function onTerminal(command: string, answers: readonly string[]): Promise<OnTerminal> {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    stdio: 'pipe',
  });
  let shown = '';
  let judged = 0;
  let next = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8');
    if (next < answers.length && /:\s*$/.test(shown.slice(judged))) {
      judged = shown.length;
      child.stdin.write(`${answers[next]}\r`);
      next += 1;
    }
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, shown };
}
