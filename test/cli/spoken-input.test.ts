/** Blocks typed at a terminal are judged line by line, so that a slip costs one block and not the whole. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { numberedLines, readSpoken } from '#cli/spoken-input.ts';
import { decodeSpokenText, encodeSpokenText } from '#domain/spoken-text.ts';

const BYTES = 85;
const bytes = new Uint8Array(randomBytes(BYTES));
const text = encodeSpokenText(bytes);
const lines = text.split('\n');

async function typing(
  ...keys: readonly string[]
): Promise<{ readonly read: string; readonly said: string[] }> {
  const said: string[] = [];
  async function* input(): AsyncGenerator<Buffer> {
    for (const line of keys) yield Buffer.from(line);
  }
  const terminal = { input: input(), inputIsPerson: true, say: (line: string) => void said.push(line) };
  return { read: await readSpoken('-', 'the answer', BYTES, terminal), said };
}

test('each line is judged at once, and after a slip one types on from the wrong block', async () => {
  const slip = lines[1]!.replace(
    /^(.{12})(.)/,
    (_, before: string, one: string) => before + (one === 'Z' ? 'Y' : 'Z'),
  );
  const rest = lines[1]!.split(' ').slice(2).join(' ');
  const { read, said } = await typing(
    `${lines[0]}\n`,
    `${slip}\n`,
    `${rest}\n`,
    lines[2]!.toLowerCase().slice(0, 8),
    `${lines[2]!.toLowerCase().slice(8)}\n`,
    ...lines.slice(3).map((line) => `${line}\n`),
  );
  assert.deepEqual(decodeSpokenText(read, BYTES), { bytes });
  assert.deepEqual(
    said.slice(1).map((line) => line.match(/\d+/g)!.join()),
    ['6', '9,9', '12', '18', '24', '30'],
  );
});

test('what is typed beyond the end is left, and what ends too early is refused', async () => {
  const { read } = await typing(`${text.replaceAll('\n', ' ')} AAAAA\n`);
  assert.deepEqual(decodeSpokenText(read, BYTES), { bytes });
  await assert.rejects(typing(`${lines[0]}\n`), { code: 'interrupted' });
});

test('what is shown to be read out names its blocks, and can be pasted back as it is', () => {
  const shown = numberedLines(text);
  assert.equal(shown[2], '# blocks 7 to 12');
  assert.deepEqual(decodeSpokenText(shown.join('\n'), BYTES), { bytes });
});
