/** What a browser loads before the first page works: the console must come quickly over a slow line, too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const BUILT = join(import.meta.dirname, '../../dist/console');
const SCRIPT_BYTES_MAX = 250_000;

function read(name: string): string {
  return readFileSync(join(BUILT, name), 'utf8');
}

/** The scripts that these need at once, these among them. */
function neededBy(names: readonly string[]): ReadonlySet<string> {
  const needed = new Set(names);
  for (const name of needed)
    for (const [, other] of read(`assets/${name}`).matchAll(/(?:from|import)\s*[`"']\.\/([\w.-]+\.js)[`"']/g))
      needed.add(other!);
  return needed;
}

test('the scripts before the first page stay under 250 kB, gzipped, and nothing comes from elsewhere', () => {
  const page = read('index.html');
  assert.doesNotMatch(page, /(?:src|href)="(?:https?:)?\/\//);
  const first = [...page.matchAll(/assets\/([\w.-]+\.js)/g)].map(([, name]) => name!);
  assert.ok(first.length > 0);
  const bytes = [...neededBy(first)].reduce((sum, name) => sum + gzipSync(read(`assets/${name}`)).length, 0);
  assert.ok(bytes > 50_000, `only ${bytes} bytes were found`);
  assert.ok(bytes <= SCRIPT_BYTES_MAX, `${bytes} bytes`);
});
