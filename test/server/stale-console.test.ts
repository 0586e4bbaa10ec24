/** A server says so where it serves a console that is older than its sources. */
import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newerConsoleSource } from '#server/http/people/stale-console.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';

const inFolder = temporaryFolder('stale-console');

test('a console that was built before its sources changed is noticed, and one built after is not', () => {
  const built = inFolder('index.html');
  const sources = inFolder('src');
  const page = join(sources, 'pages', 'page.tsx');
  mkdirSync(join(sources, 'pages'), { recursive: true });
  writeFileSync(page, '');
  const places = { built, sources: [sources, inFolder('missing')] };
  assert.equal(newerConsoleSource(places), undefined, 'nothing was built');
  writeFileSync(built, '');
  utimesSync(page, 1000, 1000);
  assert.equal(newerConsoleSource(places), undefined);
  utimesSync(built, 999, 999);
  assert.equal(newerConsoleSource(places), page);
});
