/** The model of who may call what, written once more: a call, how it is made, and what it needs. */
import { randomUUID } from 'node:crypto';

const SERVER_READ = 'Administration Server: Read';
const SERVER_WRITE = 'Administration Server: Write';
const HIERARCHY_READ = 'Hierarchy of Administration Servers: Read';
const HIERARCHY_WRITE = 'Hierarchy of Administration Servers: Write';
const DEVICES_READ = 'Managed devices: Read';
const DEVICES_WRITE = 'Managed devices: Write';
const REGISTER = 'Key register: Read';
const EXPORT = 'Encryption key management: Read';
const IMPORT = 'Encryption key management: Write';
const REVEAL = 'Key reveal: Write';
const APPROVALS_READ = 'Approvals: Read';
const ANSWER = 'Approvals: Write';

const AUDIT_READ = 'Audit log: Read';
const AUDIT_WRITE = 'Audit log: Write';
const PEOPLE_READ = 'People: Read';
const PEOPLE_WRITE = 'People: Write';

const ID = randomUUID();
const PASSKEY = {
  id: 'x',
  rawId: 'x',
  type: 'public-key',
  response: { clientDataJSON: 'x', attestationObject: 'x' },
};
const ASKED = {
  reason: 'it is needed',
  request: ID,
  claim: 'AAAAAAAAAAAAAAAAAAAAAA',
  device: { id: ID, name: 'far away' },
  recipient: 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
};
const SHARES = { shares: 3, threshold: 2 };

export const CALLS: readonly (readonly [name: string, line: string, body: unknown, ...needs: string[]])[] = [
  ['serverStatus', 'GET /api/v1/server', undefined, SERVER_READ],
  ['showSettings', 'GET /api/v1/server/settings', undefined, SERVER_READ],
  ['changeSettings', 'PATCH /api/v1/server/settings', { useHierarchy: true }, SERVER_WRITE],
  ['verify', 'POST /api/v1/server/verify', {}, SERVER_READ],
  ['verify', 'POST /api/v1/server/verify', { repair: true }, SERVER_READ, IMPORT],
  ['startBackup', 'POST /api/v1/server/backups', { password: 'x' }, SERVER_WRITE, EXPORT],
  ['downloadBackup', `GET /api/v1/server/backups/${ID}`, undefined, SERVER_WRITE, EXPORT],

  ['showBackups', 'GET /api/v1/server/backups', undefined, SERVER_READ],
  [
    'noteBackupCheck',
    `POST /api/v1/server/backups/${ID}/checks`,
    { server: ID, madeAt: '2026-11-01T00:00:00Z' },
    SERVER_WRITE,
  ],

  ['sealState', 'GET /api/v1/server/seal-state', undefined, SERVER_READ],
  ['unseal', 'POST /api/v1/server/unseal', { pin: '1234' }, SERVER_WRITE],
  ['listSeals', 'GET /api/v1/server/seals', undefined, SERVER_READ],
  ['addSeal', 'POST /api/v1/server/seals', { kind: 'key-file' }, SERVER_WRITE, EXPORT],
  ['removeSeal', 'DELETE /api/v1/server/seals/x', undefined, SERVER_WRITE],
  ['initRecovery', 'POST /api/v1/server/recovery-shares', SHARES, SERVER_WRITE, EXPORT],
  ['rotateDataKey', 'POST /api/v1/server/data-keys', {}, SERVER_WRITE],

  ['showHierarchy', 'GET /api/v1/hierarchy', undefined, HIERARCHY_READ],
  ['inviteSecondary', 'POST /api/v1/hierarchy/invitations', {}, HIERARCHY_WRITE],
  ['joinHierarchy', 'POST /api/v1/hierarchy/join', { invitation: 'x' }, HIERARCHY_WRITE],
  [
    'joinHierarchy',
    'POST /api/v1/hierarchy/join',
    { invitation: 'x', useHierarchy: true },
    HIERARCHY_WRITE,
    SERVER_WRITE,
  ],
  ['heartbeatNow', 'POST /api/v1/hierarchy/heartbeat', {}, HIERARCHY_WRITE],
  ['setServer', 'PATCH /api/v1/hierarchy/servers/x', { dmz: true }, HIERARCHY_WRITE],
  ['removeServer', 'DELETE /api/v1/hierarchy/servers/x', undefined, HIERARCHY_WRITE],
  ['leaveHierarchy', 'POST /api/v1/hierarchy/leave', {}, HIERARCHY_WRITE],
  ['allowRecovery', 'POST /api/v1/hierarchy/servers/x/recovery', {}, HIERARCHY_WRITE, EXPORT],
  ['allowRecovery', 'POST /api/v1/hierarchy/servers/x/recovery', { off: true }, HIERARCHY_WRITE, EXPORT],

  ['listJobs', 'GET /api/v1/jobs', undefined],
  ['showJob', `GET /api/v1/jobs/${ID}`, undefined],
  ['cancelJob', `DELETE /api/v1/jobs/${ID}`, undefined],
  ['watchJob', `GET /api/v1/jobs/${ID}/events`, undefined],
  ['watchChanges', 'GET /api/v1/events', undefined],

  ['listDevices', 'GET /api/v1/devices', undefined, DEVICES_READ],
  ['showDevice', 'GET /api/v1/devices/x', undefined, DEVICES_READ],
  ['inviteDevice', 'POST /api/v1/devices/invitations', {}, DEVICES_WRITE],
  ['removeDevice', 'DELETE /api/v1/devices/x', undefined, DEVICES_WRITE],
  ['listGroups', 'GET /api/v1/groups', undefined, DEVICES_READ],
  ['showGroup', 'GET /api/v1/groups/x', undefined, DEVICES_READ],
  ['addGroup', 'POST /api/v1/groups', { name: 'x' }, DEVICES_WRITE],
  ['setGroup', 'PATCH /api/v1/groups/x', { name: 'y' }, DEVICES_WRITE],
  ['removeGroup', 'DELETE /api/v1/groups/x', undefined, DEVICES_WRITE],
  ['showPolicy', 'GET /api/v1/groups/x/policy', undefined, DEVICES_READ],
  ['previewPolicy', 'POST /api/v1/groups/x/policy/preview', { policy: {} }, DEVICES_WRITE],
  ['setPolicy', 'PUT /api/v1/groups/x/policy', { policy: {} }, DEVICES_WRITE],
  ['setDevice', 'PATCH /api/v1/devices/x', { group: 'y' }, DEVICES_WRITE],

  ['listApprovals', 'GET /api/v1/approvals', undefined],
  ['showApproval', `GET /api/v1/approvals/${ID}`, undefined],
  ['withdrawRequest', `POST /api/v1/approvals/${ID}/withdraw`, {}],
  ['approveRequest', `POST /api/v1/approvals/${ID}/approve`, {}, ANSWER],
  ['denyRequest', `POST /api/v1/approvals/${ID}/deny`, {}, ANSWER],
  ['approveInEmergency', `POST /api/v1/approvals/${ID}/emergency`, { reason: 'it is needed' }, ANSWER],
  ['acknowledgeEmergency', `POST /api/v1/approvals/${ID}/acknowledge`, {}, ANSWER],
  ['listApprovalRules', 'GET /api/v1/approval-rules', undefined, APPROVALS_READ],
  ['setApprovalRule', 'PUT /api/v1/approval-rules', { act: 'keys.reveal', approvers: 1 }, PEOPLE_WRITE],

  ['listKeys', 'GET /api/v1/keys', undefined, REGISTER],
  ['showKey', `GET /api/v1/keys/${ID}`, undefined, REGISTER],
  ['explainKey', `POST /api/v1/keys/${ID}/explain`, {}, REGISTER],
  ['revealKey', `POST /api/v1/keys/${ID}/reveal`, { reason: 'it is needed' }, REVEAL],
  ['answerKeyRequest', `POST /api/v1/keys/${ID}/answer`, ASKED, REVEAL],
  [
    'takeRecoveries',
    'POST /api/v1/keys/recoveries',
    { recoveries: [{ kind: 'other', device: 'NAS', password: 'x' }] },
    IMPORT,
  ],
  ['startExport', 'POST /api/v1/keys/exports', { password: 'x' }, EXPORT],
  ['downloadExport', `GET /api/v1/keys/exports/${ID}`, undefined, EXPORT],
  ['startImport', 'POST /api/v1/keys/imports', { password: 'x' }, IMPORT],
  ['uploadImport', `PUT /api/v1/keys/imports/${ID}/file`, {}, IMPORT],
  ['confirmImport', `POST /api/v1/keys/imports/${ID}/confirm`, {}, IMPORT],
  ['cancelImport', `DELETE /api/v1/keys/imports/${ID}`, undefined, IMPORT],
  ['recoverFromPrimary', 'POST /api/v1/server/recovery', {}, IMPORT],

  ['listAudit', 'GET /api/v1/audit/events', undefined, AUDIT_READ],
  ['verifyAudit', 'POST /api/v1/audit/verify', {}, AUDIT_READ],
  ['auditProof', 'GET /api/v1/audit/proofs/1', undefined, AUDIT_READ],
  ['auditCheckpoint', 'GET /api/v1/audit/checkpoint', undefined, AUDIT_READ],
  ['acknowledgeAuditGap', 'POST /api/v1/audit/gaps/x/acknowledge', {}, AUDIT_WRITE],

  ['addPerson', 'POST /api/v1/people', { name: 'Anna' }, PEOPLE_WRITE],
  ['listPeople', 'GET /api/v1/people', undefined, PEOPLE_READ],
  ['showPerson', 'GET /api/v1/people/x', undefined, PEOPLE_READ],
  ['setPerson', 'PATCH /api/v1/people/x', { roles: [] }, PEOPLE_WRITE],
  ['resetPerson', 'POST /api/v1/people/x/reset', {}, PEOPLE_WRITE],
  ['removePerson', 'DELETE /api/v1/people/x', undefined, PEOPLE_WRITE],
  ['listRoles', 'GET /api/v1/roles', undefined, PEOPLE_READ],
  ['addRole', 'POST /api/v1/roles', { name: 'x', rights: [] }, PEOPLE_WRITE],
  ['showRole', 'GET /api/v1/roles/x', undefined, PEOPLE_READ],
  ['setRole', 'PATCH /api/v1/roles/x', { rights: [] }, PEOPLE_WRITE],
  ['removeRole', 'DELETE /api/v1/roles/x', undefined, PEOPLE_WRITE],
  ['listSessions', 'GET /api/v1/sessions', undefined, PEOPLE_READ],
  ['endSession', 'DELETE /api/v1/sessions/x', undefined, PEOPLE_WRITE],

  // Whoever is known may do these, about themselves.
  ['whoAmI', 'GET /api/v1/me', undefined],
  ['signOut', 'POST /api/v1/me/sign-out', {}],
  ['mySessions', 'GET /api/v1/me/sessions', undefined],
  ['endMySession', 'DELETE /api/v1/me/sessions/x', undefined],
  ['changePassword', 'POST /api/v1/me/password', { password: 'x', newPassword: 'y' }],
  ['newRecoveryCodes', 'POST /api/v1/me/recovery-codes', {}],
  ['offerOneTimeCode', 'POST /api/v1/me/one-time-code/offers', {}],
  ['changeOneTimeCode', 'POST /api/v1/me/one-time-code', { offer: 'x', code: '1' }],
  ['listPasskeys', 'GET /api/v1/me/passkeys', undefined],
  ['offerPasskey', 'POST /api/v1/me/passkeys/offers', {}],
  ['addPasskey', 'POST /api/v1/me/passkeys', { offer: 'x', name: 'x', response: PASSKEY }],
  ['removePasskey', 'DELETE /api/v1/me/passkeys/x', undefined],
];
