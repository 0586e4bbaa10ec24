/** An export that is asked for can be read again: its first line, which names what was chosen, is a line of an export. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { exportHeaderLine, parseExportHeader } from '#domain/export-file.ts';
import { EXPORT_LINE_BYTES_MAX, EXPORT_SELECTED_MAX, NAME_LENGTH_MAX } from '#domain/limits.ts';
import { formed } from '#protocol/forms.ts';
import { ExportRequest } from '#protocol/people/routes/transfers.ts';

const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

test('the longest selection that may be asked for fits into the first line, and is read from it', () => {
  const asked = { devices: ids(EXPORT_SELECTED_MAX / 2), keys: ids(EXPORT_SELECTED_MAX / 2), password: 'x' };
  assert.equal(formed(ExportRequest, asked).ok, true);
  const { password: _, ...named } = asked;
  const selection = { ...named, createdAfter: '2026-11-20T08:00:00.000Z' };
  const server = { id: randomUUID(), name: '\u0001'.repeat(NAME_LENGTH_MAX) };
  const line = exportHeaderLine({ server, createdAt: '2026-11-20T08:00:00.000Z', selection });
  assert.ok(Buffer.byteLength(line) <= EXPORT_LINE_BYTES_MAX);
  assert.deepEqual(parseExportHeader(line).selection, selection);
});

test('the longest search fits too, and stands for itself', () => {
  const find = '\u0001'.repeat(NAME_LENGTH_MAX);
  assert.equal(formed(ExportRequest, { find, password: 'x' }).ok, true);
  const server = { id: randomUUID(), name: 'Oslo' };
  const line = exportHeaderLine({ server, createdAt: '2026-11-20T08:00:00.000Z', selection: { find } });
  assert.ok(Buffer.byteLength(line) <= EXPORT_LINE_BYTES_MAX);
  assert.deepEqual(parseExportHeader(line).selection, { find });
  for (const refused of [{ find: '' }, { find: `${find}x` }, { find, keys: ids(1) }, { find, devices: [] }])
    assert.equal(formed(ExportRequest, { ...refused, password: 'x' }).ok, false);
});

test('more devices and keys than that, together, are refused', () => {
  const asked = { devices: ids(EXPORT_SELECTED_MAX), keys: ids(1), password: 'x' };
  const refused = formed(ExportRequest, asked);
  assert.ok(!refused.ok && refused.fault.message.includes('together'));
});
