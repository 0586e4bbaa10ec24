/** The console names the file of an import by the digest that everybody else computes of it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { fileDigest } from '../../src/console/api/file-digest.ts';

const expected = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('files of every length around the edge of a block have the digest that Node gives them', async () => {
  for (const length of [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 65_536]) {
    const bytes = randomBytes(length);
    assert.equal(await fileDigest(new Blob([bytes])), expected(bytes), `${length} bytes`);
  }
});

test('a file that comes in pieces of any size has the same digest', async () => {
  const parts = Array.from({ length: 50 }, (_, at) => randomBytes((at * 37) % 301));
  const bytes = Buffer.concat(parts);
  const inPieces = {
    size: bytes.length,
    stream: () => ReadableStream.from(parts),
  } as unknown as Blob;
  assert.equal(await fileDigest(inPieces), expected(bytes));
});
