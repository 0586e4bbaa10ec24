/**
 * Rows written with nothing around them, in a process of its own: `durable` one commit a row, of a rising id and bytes;
 * `load` rows of our table of keys, with its columns and indexes, in few commits. Prints rows a second.
 *
 * Arguments: `durable` or `load`, the database, rows, bytes of a `durable` row.
 */
import { randomBytes } from 'node:crypto';
import { openRawKeys } from './raw-keys.ts';
import { openRawTable } from './raw-table.ts';

const [mode, path = '', rowsText, bytesText] = process.argv.slice(2);
const rows = Number(rowsText);
const ROWS_A_COMMIT = mode === 'durable' ? 1 : 10_000;

function openTable(): { begin(): void; insert(): void; commit(): void; close(): void } {
  if (mode === 'load') return openRawKeys(path);
  const table = openRawTable(path);
  const row = randomBytes(Number(bytesText));
  return { ...table, insert: () => table.insert(row) };
}

const table = openTable();
const begun = performance.now();
for (let at = 0; at < rows; ) {
  const end = Math.min(rows, at + ROWS_A_COMMIT);
  table.begin();
  for (; at < end; at += 1) table.insert();
  table.commit();
}
process.stdout.write(`${rows / ((performance.now() - begun) / 1000)}\n`);
table.close();
