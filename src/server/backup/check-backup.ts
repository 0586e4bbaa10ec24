/**
 * The restore drill: restores a backup into a store that is thrown away and verifies everything in it: each record,
 * every digest, the audit log. A backup that was never opened is a hope.
 */
import type { CheckReport } from '#protocol/server-program.ts';
import { openRepository, type RepositoryPorts } from '../start/create-repository.ts';
import type { CallLife } from '../environment/call-life.ts';
import { verify } from '../integrity/verify/verify.ts';
import type { BackupPage } from './read-backup.ts';
import { restoreBackup } from './restore-backup.ts';

/** Throws as `restoreBackup` does, and `interrupted`. The report holds what the verification finds. */
export async function checkBackup(
  ports: RepositoryPorts,
  pages: AsyncIterable<BackupPage>,
  life: CallLife,
): Promise<CheckReport> {
  // The key file for this key is never written: what lies in the scratch directory stays sealed.
  const sealKey = ports.random(32);
  const { server, backup, counts } = await restoreBackup(ports, pages, () => sealKey, true);
  const repository = await openRepository(ports, sealKey, undefined);
  const report = await verify({ store: ports.store, ...repository }, life);
  return { ...report, server, backup, counts };
}
