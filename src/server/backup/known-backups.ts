/**
 * What this server knows of its backups: the last that left it whole, and the last restore drill that somebody told of.
 *
 * Invariant: a backup counts as made in the transaction that writes its end into the audit log, and never sooner.
 */
import { type KnownBackups, type MadeBackup, overdueBackups } from '#domain/backup-age.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

const ROW = 'backups';
const NONE: KnownBackups = { made: null, checked: null };

async function readKnown(rows: TrustedRows, reader: Reader): Promise<KnownBackups> {
  return (await rows.get<KnownBackups>(reader, 'setting', ROW)) ?? NONE;
}

export async function putMade(rows: TrustedRows, transaction: Transaction, made: MadeBackup): Promise<void> {
  const known = await readKnown(rows, transaction);
  await rows.put(transaction, 'setting', ROW, { ...known, made } satisfies KnownBackups);
}

export async function showBackups({
  rows,
  store: { reader },
  clock,
}: Pick<ServerPorts, 'clock' | 'rows' | 'store'>): Promise<PeopleAnswer<'showBackups'>> {
  const known = await readKnown(rows, reader);
  const { seq: keys } = await reader.head();
  return { ...known, keys, overdue: overdueBackups(known, keys, clock()) };
}

/** Throws `invalid-argument` for a backup of another server. */
export async function noteBackupCheck(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'server' | 'store'>,
  caller: Caller,
  { id: backup, server, madeAt }: { readonly id: string; readonly server: string; readonly madeAt: string },
): Promise<PeopleAnswer<'showBackups'>> {
  if (server !== ports.server.id) {
    throw new KeystairError(
      'invalid-argument',
      `the backup is of another server, not of ${ports.server.name}`,
      {
        nextStep: 'tell the server that the backup is of',
      },
    );
  }
  await ports.store.write(async (transaction) => {
    const known = await readKnown(ports.rows, transaction);
    const checked = { backup, madeAt, at: isoTime(ports.clock()), by: caller.name };
    await ports.rows.put(transaction, 'setting', ROW, { ...known, checked } satisfies KnownBackups);
    await ports.audit.append(transaction, [{ event: 'backup-checked', by: caller.name, backup, madeAt }]);
  });
  return showBackups(ports);
}
