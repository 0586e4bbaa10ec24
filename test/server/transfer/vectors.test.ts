/** docs/EXPORT_FORMAT.md in examples: what every reader takes in, and what it must refuse and how. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { openOffice, sealed } from '#test/support/transfer-office.ts';

const FOLDER = join(import.meta.dirname, '../../vectors/export');

interface Vector {
  readonly file: string;
  readonly comment: string;
  readonly password: string;
  /** Ids of the keys, or the code of the failure. */
  readonly expect: { readonly keys: readonly string[] } | { readonly failure: string };
}

const vectors = JSON.parse(readFileSync(join(FOLDER, 'vectors.json'), 'utf8')) as readonly Vector[];

for (const { file, comment, password, expect } of vectors) {
  void test(`${file}: ${comment}`, async () => {
    const office = await openOffice('Reader');
    const bytes = readFileSync(join(FOLDER, file));
    if ('keys' in expect) {
      const report = await office.imported(bytes, { password });
      assert.equal(report.new, expect.keys.length);
      assert.deepEqual(await office.ids(), [...expect.keys].toSorted());
      return;
    }
    await assert.rejects(
      office.imported(bytes, { password }),
      (error) => error instanceof KeystairError && error.code === expect.failure,
    );
    assert.deepEqual(await office.ids(), []);
    assert.deepEqual(await office.store.reader.stagedImports(), []);
  });
}

void test('the file that the page shows in the clear is a whole one, and its key is that of another published vector', async () => {
  const page = readFileSync(join(FOLDER, '../../../docs/EXPORT_FORMAT.md'), 'utf8');
  const [, text] = /```jsonl\n([^]*?)```/.exec(page)!;
  assert.ok(page.includes(`A complete example with one key, ${Buffer.byteLength(text!)} bytes`));
  const office = await openOffice('Reader');
  assert.equal((await office.imported(await sealed(text!))).new, 1);
  const [{ key }] = JSON.parse(readFileSync(join(FOLDER, '../encryption-key/v1.json'), 'utf8')) as [
    { key: { id: string } },
  ];
  assert.deepEqual(await office.ids(), [key.id]);
});

void test('what the page shows of the age file is how a vector begins', () => {
  const page = readFileSync(join(FOLDER, '../../../docs/EXPORT_FORMAT.md'), 'utf8');
  const begins = readFileSync(join(FOLDER, 'good.age'), 'latin1').split('\n').slice(0, 4);
  const shown = [...page.matchAll(/^(\S.*?)⏎ /gm)].map(([, line]) => line);
  assert.deepEqual(
    shown,
    begins.map((line) => line.replace(/ 4$/, ' 18')),
  );
});

void test('every vector is listed', () => {
  const there = readdirSync(FOLDER).filter((name) => name.endsWith('.age'));
  assert.deepEqual(there.toSorted(), vectors.map(({ file }) => file).toSorted());
});
