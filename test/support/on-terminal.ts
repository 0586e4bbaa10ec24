/** A shell command under a terminal of its own, made by `script`, with a person who types an answer to each question. */
import { spawn } from 'node:child_process';

export interface OnTerminal {
  readonly status: number | null;
  /** All that the terminal showed. */
  readonly shown: string;
}

/** What is typed as soon as the terminal shows it. */
export interface Typed {
  readonly when: RegExp;
  readonly keys: string;
}

/**
 * @param answers given one after another; a text is typed, and ended, when a question ends with a colon and a space: a
 * fingerprint has colons too, and a slow terminal may stop behind any of them.
 */
export async function onTerminal(command: string, answers: readonly (string | Typed)[]): Promise<OnTerminal> {
  // A shell that stays would take Ctrl-C as well and answer with a status of its own: bash puts the last command in its
  // place, dash does not, and which of them `script` runs is the caller's $SHELL.
  const child = spawn('script', ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'], {
    stdio: 'pipe',
    env: { ...process.env, SHELL: '/bin/sh' },
  });
  let shown = '';
  let judged = 0;
  let next = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8');
    const answer = answers[next];
    if (answer === undefined) return;
    const { when, keys } = typeof answer === 'string' ? { when: /: $/, keys: `${answer}\r` } : answer;
    if (!when.test(shown.slice(judged))) return;
    judged = shown.length;
    child.stdin.write(keys);
    next += 1;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, shown };
}
