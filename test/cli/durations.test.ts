/** Durations as people type them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { secondsFromText, secondsToText } from '#cli/durations.ts';

test('seconds, minutes, hours and days are understood, and plain seconds', () => {
  for (const [text, seconds] of [
    ['30s', 30],
    ['15m', 900],
    ['12h', 43_200],
    ['7d', 604_800],
    ['45', 45],
    ['0', 0],
  ] as const) {
    assert.equal(secondsFromText(text), seconds, text);
  }
});

test('anything else is no duration', () => {
  for (const text of [
    '',
    's',
    '-1s',
    '1.5h',
    '1 h',
    '1w',
    '7D',
    '1h30m',
    '1e3',
    '9999999999s',
    '٣s',
    '0x10',
  ]) {
    assert.equal(secondsFromText(text), undefined, text);
  }
});

test('what is shown back means what was typed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 900_000_000 }), (seconds) => {
      assert.equal(secondsFromText(secondsToText(seconds)), seconds);
    }),
  );
});
