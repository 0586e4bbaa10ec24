/**
 * What each event of the audit log is in OCSF 1.8.0: its class, its activity, how severe it is, and whether something
 * was done or refused. The table is total: an event that is missing here does not compile.
 */
import type { AuditEvent } from '#domain/audit-log.ts';
import type { Severity } from './receiver.ts';

export const OCSF_VERSION = '1.8.0';

/** `uid` is 1000 × category + class. */
export const OCSF_CLASSES = {
  base: { uid: 0, category: 0, name: 'Base Event' },
  account: { uid: 3001, category: 3, name: 'Account Change' },
  authentication: { uid: 3002, category: 3, name: 'Authentication' },
  entity: { uid: 3004, category: 3, name: 'Entity Management' },
  access: { uid: 3005, category: 3, name: 'User Access Management' },
  lifecycle: { uid: 6002, category: 6, name: 'Application Lifecycle' },
  api: { uid: 6003, category: 6, name: 'API Activity' },
} as const;
export type OcsfClass = keyof typeof OCSF_CLASSES;

/** The schema's activity for what it has no name for. */
export const OTHER_ACTIVITY = 99;

export interface OcsfKind {
  readonly of: OcsfClass;
  readonly activity: number;
  readonly severity: Severity;
  readonly refused: boolean;
}

const kind = (
  of: OcsfClass,
  activity: number,
  more: Partial<Pick<OcsfKind, 'severity' | 'refused'>> = {},
): OcsfKind => ({ of, activity, severity: 'notice', refused: false, ...more });
const REFUSED = { severity: 'warning', refused: true } as const;
const ALERT = { severity: 'alert' } as const;

/** Of Entity Management; the first four are those of API Activity too. */
const CREATE = 1;
const READ = 2;
const UPDATE = 3;
const DELETE = 4;
const MOVE = 5;
const ENROLL = 6;
const UNENROLL = 7;

export const OCSF_KINDS: Readonly<Record<AuditEvent['event'], OcsfKind>> = {
  'signed-in': kind('authentication', 1),
  'sign-in-refused': kind('authentication', 1, REFUSED),
  'session-ended': kind('authentication', 2),

  'person-added': kind('account', 1),
  'person-set-up': kind('account', 2),
  'password-changed': kind('account', 3),
  'one-time-code-changed': kind('account', 3),
  'person-reset': kind('account', 4),
  'person-removed': kind('account', 6),
  'passkey-added': kind('account', 10),
  'passkey-removed': kind('account', 11),
  'recovery-codes-made': kind('account', OTHER_ACTIVITY),
  'person-changed': kind('access', 1),

  'role-added': kind('entity', CREATE),
  'role-changed': kind('entity', UPDATE),
  'role-removed': kind('entity', DELETE),
  'approval-rule-changed': kind('entity', UPDATE),
  'settings-changed': kind('entity', UPDATE),
  'seal-added': kind('entity', CREATE),
  'seal-removed': kind('entity', DELETE),
  'data-key-made': kind('entity', CREATE),
  'audit-keys-made': kind('entity', CREATE),
  'invitation-made': kind('entity', CREATE),
  'invitation-used': kind('entity', ENROLL),
  'invitation-refused': kind('entity', ENROLL, REFUSED),
  'certificate-renewed': kind('entity', UPDATE),
  'member-changed': kind('entity', UPDATE),
  'member-removed': kind('entity', UNENROLL),
  'hierarchy-joined': kind('entity', ENROLL),
  'hierarchy-left': kind('entity', UNENROLL),
  'device-arrived': kind('entity', ENROLL),
  'device-moved': kind('entity', MOVE),
  'device-grouped': kind('entity', MOVE),
  'group-added': kind('entity', CREATE),
  'group-changed': kind('entity', UPDATE),
  'group-emptied': kind('entity', MOVE),
  'group-removed': kind('entity', DELETE),
  'policy-changed': kind('entity', UPDATE),
  'policy-taken': kind('entity', UPDATE),

  'approval-requested': kind('api', CREATE),
  'approval-given': kind('api', UPDATE),
  'approval-denied': kind('api', UPDATE),
  'approval-withdrawn': kind('api', DELETE),
  'approval-lapsed': kind('api', DELETE),
  'approval-used': kind('api', UPDATE),
  'approval-emergency': kind('api', UPDATE, ALERT),
  'emergency-acknowledged': kind('api', UPDATE),
  'keys-recorded': kind('api', CREATE),
  'keys-transmitted': kind('api', CREATE),
  'keys-acknowledged': kind('api', UPDATE),
  'key-refused': kind('api', CREATE, REFUSED),
  'transmission-received': kind('api', CREATE),
  'key-provided': kind('api', READ),
  'provisions-counted': kind('api', READ),
  'key-not-kept': kind('api', CREATE, REFUSED),
  'key-shown': kind('api', READ),
  'lookup-refused': kind('api', READ, REFUSED),
  'key-revealed': kind('api', READ),
  'key-rotated': kind('entity', UPDATE),
  'key-answered': kind('api', READ),
  'recoveries-taken': kind('api', CREATE),
  'call-refused': kind('api', OTHER_ACTIVITY, REFUSED),
  'refusals-counted': kind('api', OTHER_ACTIVITY, REFUSED),
  'connection-ended': kind('api', OTHER_ACTIVITY, REFUSED),
  'receipts-returned': kind('api', CREATE),
  'backup-started': kind('api', READ),
  'backup-ended': kind('api', READ),
  'backup-checked': kind('api', READ),
  'export-started': kind('api', READ),
  'export-ended': kind('api', READ),
  'import-confirmed': kind('api', CREATE),
  'import-ended': kind('api', CREATE),
  'recovery-allowed': kind('api', UPDATE),
  'recovery-withdrawn': kind('api', UPDATE),
  'recovery-refused': kind('api', READ, REFUSED),
  'keys-returned': kind('api', READ),
  'recovery-started': kind('api', CREATE),
  'recovery-ended': kind('api', CREATE),
  'repair-started': kind('api', UPDATE),
  'key-repaired': kind('api', UPDATE),
  'secondary-asked-again': kind('api', UPDATE),
  'repair-ended': kind('api', UPDATE),
  'records-resealed': kind('api', UPDATE),
  'audit-gap-acknowledged': kind('api', UPDATE),

  'server-created': kind('lifecycle', 1),
  'server-unsealed': kind('lifecycle', 3),
  'epoch-started': kind('lifecycle', OTHER_ACTIVITY),
  'rollback-accepted': kind('lifecycle', OTHER_ACTIVITY, ALERT),
  'backup-restored': kind('lifecycle', OTHER_ACTIVITY, ALERT),

  'audit-tree-started': kind('base', OTHER_ACTIVITY),
  'audit-gap-found': kind('base', OTHER_ACTIVITY, ALERT),
  'audit-log-altered': kind('base', OTHER_ACTIVITY, ALERT),
  'row-untrusted': kind('base', OTHER_ACTIVITY, ALERT),
  'copies-heard': kind('base', OTHER_ACTIVITY, ALERT),
};

/** A name that no release of this table knows is an event of no class. */
export function kindOf(event: string): OcsfKind {
  return Object.hasOwn(OCSF_KINDS, event)
    ? OCSF_KINDS[event as AuditEvent['event']]
    : kind('base', OTHER_ACTIVITY);
}

export function severityOf(event: string): Severity {
  return kindOf(event).severity;
}
