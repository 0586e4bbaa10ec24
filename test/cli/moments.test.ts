/** Moments as people type them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeFromText } from '#cli/moments.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');

test('a day, a time and how long ago it is are understood', () => {
  for (const [text, time] of [
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T08:30Z', '2026-01-31T08:30:00.000Z'],
    ['2026-01-31T08:30:15.5Z', '2026-01-31T08:30:15.500Z'],
    ['7d', '2026-02-22T12:00:00.000Z'],
    ['90m', '2026-03-01T10:30:00.000Z'],
  ] as const) {
    assert.equal(timeFromText(text, NOW), time, text);
  }
});

test('anything else is no moment', () => {
  for (const text of [
    '',
    '2026',
    '7',
    '7D',
    '2026-02-31',
    '2026-13-01',
    'yesterday',
    '2026-01-31T08:00',
    '99999d',
  ])
    assert.equal(timeFromText(text, NOW), undefined, text);
});
