/** Commands to run on another machine. The console shows them for copying, and never runs them. */

export function enrolCommand(invitation: string): string {
  return withInput('keystair agent enrol -', invitation);
}

export function joinCommand(invitation: string): string {
  return withInput('keystair hierarchy join - --use-hierarchy on', invitation);
}

/** Passes the invitation on standard input, because process lists show arguments. */
function withInput(command: string, input: string): string {
  return `${command} <<'END'\n${input}\nEND`;
}

export const BACKUP_COMMAND =
  'keystair server backup /mnt/backups/keystair.backup --force \\\n  --password-file /etc/keystair/backup-password --data /var/lib/keystair';

/** @param origin of this console: a server is told over TLS, or on its own machine. */
export function tryBackupCommand(origin: string): string {
  const told = origin.startsWith('https:') ? `--url ${origin}` : '--data /var/lib/keystair';
  return `keystair server backup --check keystair.backup ${told}`;
}
