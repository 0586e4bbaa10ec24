/** A configuration file is read no further than any is long, whatever it is that was named. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { KeystairError } from '#domain/errors.ts';
import { CONFIG_BYTES_MAX } from '#domain/message-limits.ts';
import { readConfig } from '#server/config.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const folder = mkdtempSync(join(tmpdir(), 'keystair-config-'));
after(() => rmSync(folder, { recursive: true }));

function refusalOf(config: string): string {
  try {
    readConfig({ data: folder, config });
  } catch (error) {
    const { code, message } = error as KeystairError;
    return `${code}: ${message}`;
  }
  return 'none';
}

function file(text: string): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, text);
  return path;
}

test('a file that never ends, or is longer than any, is refused', () => {
  for (const path of ['/dev/zero', file(`{}${' '.repeat(CONFIG_BYTES_MAX)}`)]) {
    assert.match(refusalOf(path), REFUSED['invalid-argument'].tooManyCharacters, path);
  }
  assert.equal(refusalOf(file(`{}${' '.repeat(CONFIG_BYTES_MAX - 2)}`)), 'none');
});

test('a file nested without end, an unknown name and a wrong value are refused by their names', () => {
  assert.match(refusalOf(file('['.repeat(1000))), REFUSED['invalid-argument'].tooDeep);
  assert.match(refusalOf(file('{"nome":"Oslo"}')), REFUSED['invalid-argument'].unknownNome);
  assert.match(
    refusalOf(file(`{"listen":"${'x'.repeat(300)}"}`)),
    REFUSED['invalid-argument'].wrongValueForListen,
  );
});
