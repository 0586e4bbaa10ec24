/** The backups of one server. */
import type { BackupRequest } from '#protocol/people/routes/transfers.ts';
import { Downloads } from '../transfer/downloads.ts';
import type { StartedPorts } from '../transfer/started.ts';
import { type BackupPorts, type PreparedBackup, prepareBackup, sendBackup } from './write-backup.ts';

export type Backups = Downloads<BackupRequest, PreparedBackup>;

export function createBackups(ports: BackupPorts & StartedPorts): Backups {
  return new Downloads(ports, {
    what: 'backup',
    prepare: (_caller, id, request) => prepareBackup(ports, id, request),
    send: (caller, prepared, deliver) => sendBackup(ports, caller, prepared, deliver),
  });
}
