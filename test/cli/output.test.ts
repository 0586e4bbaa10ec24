/** What a command leaves behind reaches the right stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { jsonChunks, writeOutcome } from '#cli/output.ts';
import type { Outcome } from '#cli/command.ts';
import { PackedList } from '#cli/packed-list.ts';

function recorder() {
  const stdout: (string | Uint8Array)[] = [];
  const stderr: string[] = [];
  const terminal = {
    print: async (text: string | Uint8Array) => void stdout.push(text),
    coloured: false,
    say: (line: string) => void stderr.push(line),
    input: (async function* () {})(),
    inputIsPerson: false,
  };
  return { terminal, stdout: () => stdout.join(''), stderr: () => stderr.join('\n') };
}

const outcome: Outcome = { document: { a: 1 }, lines: ['a is 1'], messages: ['do b next'] };

test('with --json standard output holds the document and nothing else', async () => {
  const { terminal, stdout, stderr } = recorder();
  await writeOutcome(terminal, outcome, true);
  assert.equal(stdout(), '{"a":1}\n');
  assert.equal(stderr(), 'do b next');
});

test('a person reads lines and messages together', async () => {
  const { terminal, stdout, stderr } = recorder();
  await writeOutcome(terminal, outcome, false);
  assert.equal(stdout(), 'a is 1\ndo b next\n');
  assert.equal(stderr(), '');
});

test('where standard output is piped onward, messages stay out of it', async () => {
  const { terminal, stdout, stderr } = recorder();
  await writeOutcome(terminal, { ...outcome, piped: true }, false);
  assert.equal(stdout(), 'a is 1\n');
  assert.equal(stderr(), 'do b next');
});

test('a packed listing is written as the array it stands for, and read again and again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }), { maxLength: 4 }),
      (pages) => {
        const packed = new PackedList<unknown>();
        for (const page of pages) packed.push(page);
        const all = JSON.parse(JSON.stringify(pages.flat())) as unknown[];
        assert.equal(packed.length, all.length);
        for (let round = 0; round < 2; round += 1) assert.deepEqual([...packed], all);
        assert.equal([...jsonChunks({ a: packed, b: 1 })].join(''), JSON.stringify({ a: all, b: 1 }));
      },
    ),
  );
});

test('the pieces of a document are together what JSON.stringify gives', () => {
  const arrays = fc.array(fc.jsonValue(), { maxLength: 3 }).map((values) => {
    // Longer than one piece, too.
    return values.length === 3 ? Array.from({ length: 1001 }, () => values[0]) : values;
  });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), arrays)), (document) => {
      assert.equal([...jsonChunks(document)].join(''), JSON.stringify(document));
    }),
  );
});
