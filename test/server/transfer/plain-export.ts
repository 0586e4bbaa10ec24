/** The inside of an export file, made by hand as a person would, so that a test can bend any part of it. */
import { createHash } from 'node:crypto';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { keyToWire } from '#protocol/wire-key.ts';

export const HEADER = {
  format: 'keystair-export',
  version: 1,
  server: { id: '0192f0cc-0000-4000-8000-00000000000c', name: 'Lyon' },
  createdAt: '2026-01-31T08:00:00.000Z',
  selection: {},
};

export function recordLine(key: CompleteKey): string {
  return JSON.stringify(keyToWire(key));
}

/** Header and records with the trailer that fits them. */
export function inside(
  records: readonly string[],
  {
    header = HEADER,
    line = JSON.stringify(header),
  }: { readonly header?: unknown; readonly line?: string } = {},
): string {
  const before = `${[line, ...records].join('\n')}\n`;
  const digest = createHash('sha256').update(before).digest('hex');
  return `${before}${JSON.stringify({ end: { count: records.length, digest } })}\n`;
}
