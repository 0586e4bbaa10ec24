/**
 * Rows written with nothing around them, in a process of its own: `durable` one commit a row, `load` all rows in few
 * commits. Prints rows a second.
 *
 * Arguments: `durable` or `load`, the database, rows, bytes of a row.
 */
import { randomBytes } from 'node:crypto';
import { openRawTable } from './raw-table.ts';

const [mode, path = '', rowsText, bytesText] = process.argv.slice(2);
const rows = Number(rowsText);
const row = randomBytes(Number(bytesText));
const ROWS_A_COMMIT = mode === 'durable' ? 1 : 10_000;

const table = openRawTable(path);
const begun = performance.now();
for (let at = 0; at < rows; ) {
  const end = Math.min(rows, at + ROWS_A_COMMIT);
  table.begin();
  for (; at < end; at += 1) table.insert(row);
  table.commit();
}
process.stdout.write(`${rows / ((performance.now() - begun) / 1000)}\n`);
table.close();
