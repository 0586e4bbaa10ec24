/**
 * A person takes a database with an older past for the true one. Noted in the data directory of the process that met it;
 * a running server finds it at its next try, another at its start, and records it in the audit log.
 */
import { resolve } from 'node:path';
import { requireClosedDirectory } from '#disk/closed-directory.ts';
import { KeystairError } from '#domain/errors.ts';
import type { AcceptRollbackReport } from '#protocol/server-program.ts';
import { readKept, writeAccepted } from '#store/postgres/seen-file.ts';
import { DATA_DIRECTORY } from '#store/sqlite/data-files.ts';
import { isoTime } from './environment/environment.ts';

/** Throws `not-found` where no such database was met since the last one that was right. */
export function acceptRollback(dataDirectory: string): AcceptRollbackReport {
  const directory = resolve(dataDirectory);
  requireClosedDirectory(directory, DATA_DIRECTORY);
  const kept = readKept(directory);
  if (kept?.met === undefined) {
    throw new KeystairError(
      'not-found',
      `the server of ${directory} has met no database with an older past`,
      {
        nextStep: 'there is nothing to accept; start the server, which says what it meets',
      },
    );
  }
  const { met: found } = kept;
  const seen = { system: kept.seen.system, timeline: kept.seen.timeline };
  writeAccepted(directory, { at: isoTime(Date.now()), seen, found });
  return { seen, found };
}
