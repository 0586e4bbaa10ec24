/** Bytes that come in pieces, and lines cut from them: the same bytes come out, and tiny pieces cost no more than large ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatheredBytes } from '#domain/gathered-bytes.ts';
import { LineCutter } from '#domain/line-cutter.ts';

const Pieces = fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 20 });

test('pieces of any size come out as they came in, and nothing is left for the next', () => {
  const gathered = new GatheredBytes();
  fc.assert(
    fc.property(Pieces, (pieces) => {
      for (const piece of pieces) gathered.push(piece);
      assert.equal(
        gathered.length,
        pieces.reduce((sum, { length }) => sum + length, 0),
      );
      assert.ok(gathered.take().equals(Buffer.concat(pieces)));
      assert.equal(gathered.length, 0);
    }),
  );
});

test('bytes that come one by one take at most twice their number', () => {
  const gathered = new GatheredBytes();
  for (let pushed = 0; pushed < 100_000; pushed += 1) gathered.push(Buffer.of(pushed % 256));
  const bytes = gathered.take();
  assert.equal(bytes.length, 100_000);
  assert.ok(bytes.buffer.byteLength <= 200_000, `${bytes.buffer.byteLength} bytes`);
});

test('lines are the same however their bytes are cut', () => {
  fc.assert(
    fc.property(Pieces, fc.nat(20), (pieces, each) => {
      const text = Buffer.concat(pieces);
      const cutter = new LineCutter(Infinity, () => new Error('too long'));
      const lines: Buffer[] = [];
      for (let at = 0; at < text.length; at += each + 1)
        for (const line of cutter.push(text.subarray(at, at + each + 1))) lines.push(Buffer.from(line));
      const rest = cutter.rest();
      assert.ok(lines.every((line) => line.indexOf('\n') === line.length - 1));
      assert.ok(Buffer.concat([...lines, rest ?? Buffer.alloc(0)]).equals(text));
      assert.notEqual(rest?.length, 0);
    }),
    { numRuns: 30 },
  );
});
