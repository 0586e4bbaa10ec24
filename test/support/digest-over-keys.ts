/** One digest over every key of a data directory, whatever the order in which they came: is this the same repository? */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Over ids, record digests (which cover material and blind) and public fields, by id. `server verify` says that each
 * record opens to what its digest says.
 */
export function digestOver(data: string): string {
  const database = new DatabaseSync(join(data, 'keystair.db'), { readOnly: true, timeout: 5000 });
  const rows = database.prepare('SELECT hex(id) AS id, hex(digest) AS digest, fields FROM keys ORDER BY id');
  const hash = createHash('sha256');
  for (const row of rows.iterate()) hash.update(`${JSON.stringify(row)}\n`);
  database.close();
  return hash.digest('hex');
}
