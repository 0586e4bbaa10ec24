/** When a person is told to make a backup, or to try one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overdueBackups } from '#domain/backup-age.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.parse('2026-06-01T12:00:00Z');
const ago = (days: number): string => new Date(NOW - days * DAY).toISOString();
const made = (days: number) => ({ backup: 'x', at: ago(days), by: 'Anna', keys: 1 });
const checked = (days: number) => ({ backup: 'x', madeAt: ago(days + 1), at: ago(days), by: 'Anna' });

test('a server with keys and no backup asks for one, and an empty one does not', () => {
  assert.deepEqual(overdueBackups({ made: null, checked: null }, 1, NOW), ['backup']);
  assert.deepEqual(overdueBackups({ made: null, checked: null }, 0, NOW), []);
});

test('a backup is made again after a week, and tried again after a quarter', () => {
  assert.deepEqual(overdueBackups({ made: made(6), checked: checked(80) }, 1, NOW), []);
  assert.deepEqual(overdueBackups({ made: made(8), checked: checked(80) }, 1, NOW), ['backup']);
  assert.deepEqual(overdueBackups({ made: made(1), checked: checked(93) }, 1, NOW), ['check']);
  assert.deepEqual(overdueBackups({ made: made(1), checked: null }, 1, NOW), ['check']);
});
