/** A passphrase in a file: text without what editors add, and key files of any bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passphrasesIn } from '#agent/drives/known-passphrases.ts';

const tries = (given: string | Uint8Array): string[] =>
  passphrasesIn(given).map((one) => Buffer.from(one.expose()).toString('latin1'));

test('exactly one trailing newline is dropped first, and the whole is tried too', () => {
  for (const [given, expected] of [
    ['sesame', ['sesame']],
    ['sesame\n', ['sesame', 'sesame\n']],
    ['sesame\n\n', ['sesame\n', 'sesame\n\n']],
    ['sesame\r\n', ['sesame\r', 'sesame', 'sesame\r\n']],
    ['\xef\xbb\xbfsesame', ['\xef\xbb\xbfsesame', 'sesame']],
    ['\x00\xff\xfe\x0a', ['\x00\xff\xfe', '\x00\xff\xfe\x0a']],
    ['\n', ['\n']],
  ] as const)
    assert.deepEqual(tries(Buffer.from(given, 'latin1')), expected, JSON.stringify(given));
});

test('what was typed is taken as it is', () => {
  assert.deepEqual(tries('sesame\n'), ['sesame\n']);
});
