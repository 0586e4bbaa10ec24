/** A look into a running server's database beside it: how far an import is. What shows is committed. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface ImportProgress {
  readonly recorded: number;
  readonly staged: number;
  /** Imports that are confirmed and not over. */
  readonly confirmed: number;
}

export function lookAtImport(data: string): ImportProgress {
  const database = new DatabaseSync(join(data, 'keystair.db'), { readOnly: true, timeout: 5000 });
  try {
    const counts = database.prepare(`
      SELECT (SELECT coalesce(max(seq), 0) FROM keys) AS recorded,
        (SELECT count(*) FROM staged_keys) AS staged,
        (SELECT count(*) FROM trusted_rows WHERE kind = 'import') AS confirmed`);
    return { ...(counts.get() as unknown as ImportProgress) };
  } finally {
    database.close();
  }
}
