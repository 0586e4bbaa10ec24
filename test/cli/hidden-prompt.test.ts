/** Typing a secret: what the keys do, and what the terminal shows of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { typeByte } from '#cli/hidden-prompt.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';

const inFolder = temporaryFolder('prompt');

/** The line that typing these bytes gives, or how it ended. */
function typed(text: string): string {
  let line: readonly number[] = [];
  for (const byte of Buffer.from(text)) {
    const next = typeByte(line, byte);
    if (next === 'done') return Buffer.from(line).toString('utf8');
    if (next === 'given-up') return '(given up)';
    line = next;
  }
  return '(waiting)';
}

test('Enter ends the line, in either form', () => {
  assert.equal(typed('correct horse\r'), 'correct horse');
  assert.equal(typed('correct horse\n'), 'correct horse');
  assert.equal(typed('correct horse'), '(waiting)');
});

test('Backspace takes back a whole character, and nothing before the first', () => {
  assert.equal(typed('ab\u007fc\r'), 'ac');
  assert.equal(typed('ø€😀\u007f\u007f\r'), 'ø');
  assert.equal(typed('a\u0008\u007f\u007fb\r'), 'b');
});

test('Control-U begins again, Control-C and an early Control-D give up', () => {
  assert.equal(typed('wrong\u0015right\r'), 'right');
  assert.equal(typed('half\u0003'), '(given up)');
  assert.equal(typed('\u0004'), '(given up)');
});

/** Runs the prompt under a terminal of its own, made by `script`, and types as soon as it asks. */
async function onTerminal(keys: string | Uint8Array): Promise<string> {
  const asker = inFolder('ask.ts');
  const prompt = join(import.meta.dirname, '../../src/cli/hidden-prompt.ts');
  writeFileSync(
    asker,
    `import { askHidden } from '${prompt}';
import { execFileSync } from 'node:child_process';
const mode = () => execFileSync('stty', ['-a'], { stdio: [0, 'pipe', 'inherit'], encoding: 'utf8' }).includes(' echo ');
const before = mode();
const answer = await askHidden('Password: ', 64).then((text) => 'length ' + text.length, (error) => error.code);
process.stdout.write('answer: ' + answer + ', echo before ' + before + ', after ' + mode() + '\\n');
`,
  );
  const command = `'${process.execPath}' --disable-warning=ExperimentalWarning '${asker}'`;
  const child = spawn('script', ['--quiet', '--command', command, '/dev/null'], { stdio: 'pipe' });
  const shown: Buffer[] = [];
  let asked = false;
  child.stdout.on('data', (chunk: Buffer) => {
    shown.push(chunk);
    if (!asked && Buffer.concat(shown).includes('Password: ')) {
      asked = true;
      child.stdin.write(keys);
    }
  });
  await new Promise((resolve) => child.on('close', resolve));
  return Buffer.concat(shown).toString('utf8');
}

test('what is typed is never shown, and the terminal is as it was afterwards', async () => {
  const shown = await onTerminal('opensesame\r');
  assert.match(shown, /answer: length 10, echo before true, after true/);
  assert.doesNotMatch(shown, /opensesame/);
});

test('giving up puts the terminal back, too', async () => {
  assert.match(await onTerminal('half\u0003'), /answer: interrupted, echo before true, after true/);
});

test('what is typed on a terminal of another encoding is refused, and not made into other letters', async () => {
  assert.match(await onTerminal(Buffer.from([0x6b, 0xe4, 0x73, 0x65, 0x0d])), /answer: invalid-argument/);
  assert.match(await onTerminal('k\u00e4se\r'), /answer: length 4/);
});

test('a line without end is cut off', async () => {
  assert.match(await onTerminal('x'.repeat(65)), /answer: interrupted/);
});
