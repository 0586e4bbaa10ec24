/** What is known of a server's backups, and which of them a person should make or try again. */

/** A week of keys is what devices still hold receipts for, and what an office can bear to bring together again. */
const BACKUP_AGE_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** A quarter. If a backup is tried less often, faults show only in an emergency. */
const CHECK_AGE_MS_MAX = 92 * 24 * 60 * 60 * 1000;

/** A backup that left this server whole. */
export interface MadeBackup {
  readonly backup: string;
  /** ISO 8601. */
  readonly at: string;
  readonly by: string;
  readonly keys: number;
}

/** A restore drill that somebody told of. */
export interface CheckedBackup {
  readonly backup: string;
  /** When the backup was made, and when it was tried. ISO 8601. */
  readonly madeAt: string;
  readonly at: string;
  readonly by: string;
}

export interface KnownBackups {
  readonly made: MadeBackup | null;
  readonly checked: CheckedBackup | null;
}

export const OVERDUE = ['backup', 'check'] as const;
export type Overdue = (typeof OVERDUE)[number];

/** A server without keys has nothing to lose yet. Without a backup there is none to try. */
export function overdueBackups({ made, checked }: KnownBackups, keys: number, now: number): Overdue[] {
  if (keys === 0) return [];
  if (made === null) return ['backup'];
  return [
    ...(now - Date.parse(made.at) > BACKUP_AGE_MS_MAX ? (['backup'] as const) : []),
    ...(checked === null || now - Date.parse(checked.at) > CHECK_AGE_MS_MAX ? (['check'] as const) : []),
  ];
}
