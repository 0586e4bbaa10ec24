/** What people may call, and what each call runs: one row for each route. */
import { fillPath } from '#protocol/people/people-route.ts';
import { type PeopleCallName, PEOPLE_ROUTES, type PeopleRouteName } from '#protocol/people/people-routes.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import { UNWATCHED } from '../../environment/call-life.ts';
import type { ApprovalPorts } from '../../approvals/ports.ts';
import { changeSettings, type SettingsPorts, showSettings } from '../../hierarchy/change-settings.ts';
import { addGroup, groupForInvitation, listGroups, setGroup, showGroup } from '../../devices/groups.ts';
import { listDevices, removeDevice, showDevice } from '../../devices/list-devices.ts';
import { previewPolicy, setPolicy, showPolicy } from '../../devices/policies.ts';
import { removeGroup } from '../../devices/remove-group.ts';
import { setDevice } from '../../devices/set-device.ts';
import type { UpwardTransmission } from '../../hierarchy/primary/upward-transmission.ts';
import { type JoinPorts, joinHierarchy } from '../../hierarchy/primary/join.ts';
import { recoverFromPrimary } from '../../hierarchy/recovery/recover-from-primary.ts';
import type { RequestRecoveryPorts } from '../../hierarchy/recovery/request-recovery.ts';
import { allowRecovery } from '../../hierarchy/recovery/allow-recovery.ts';
import { leaveHierarchy, type NeighbourPorts, removeSecondary, setDmz } from '../../hierarchy/neighbours.ts';
import { showHierarchy } from '../../hierarchy/tree.ts';
import { answerKeyRequest } from '../../keys/answer-request.ts';
import { type ExplainPorts, explainKey } from '../../keys/explain.ts';
import { listKeys, showKey } from '../../keys/list-keys.ts';
import { revealKey } from '../../keys/reveal-key.ts';
import { takeRecoveries } from '../../keys/take-recoveries.ts';
import type { PendingRepairs } from '../../integrity/repair/pending-repairs.ts';
import { repair } from '../../integrity/repair/repair.ts';
import { serverStatus, type StatusPorts } from '../../status/status.ts';
import type { Credentials } from '../../members/credentials.ts';
import { invite } from '../../members/invitations.ts';
import { verify } from '../../integrity/verify/verify.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Backups } from '../../backup/backups.ts';
import { noteBackupCheck, showBackups } from '../../backup/known-backups.ts';
import type { Transfers } from '../../transfer/transfers.ts';
import { type AccountsPorts, createAccountsApi } from './accounts-api.ts';
import { createApprovalsApi } from './approvals-api.ts';
import type { PeopleHandlers } from './people-handlers.ts';
import { verifyAudit } from '../../integrity/verify/verify-audit.ts';
import { acknowledgeGap, auditCheckpoint } from '../../hierarchy/audit-gaps.ts';
import { auditProof } from '../../checkpoints/show-checkpoint.ts';
import { listAudit } from '../../status/list-audit.ts';

export interface PeopleApiPorts
  extends SettingsPorts,
    JoinPorts,
    NeighbourPorts,
    ExplainPorts,
    StatusPorts,
    RequestRecoveryPorts {
  /** A heartbeat alone. */
  readonly refreshLink: () => Promise<void>;
  readonly credentials: Credentials;
  readonly upward: UpwardTransmission;
  readonly pending: PendingRepairs;
  readonly transfers: Transfers;
  readonly backups: Backups;
  /** People, roles and sessions. */
  readonly accounts: AccountsPorts;
  readonly jobs: Jobs;
  readonly approvals: ApprovalPorts;
}

export type PeopleApi = PeopleHandlers<PeopleCallName>;

export function createPeopleApi(ports: PeopleApiPorts): PeopleApi {
  const joinAt = () => ({
    addresses: ports.credentials.addresses(),
    authority: ports.credentials.fingerprint,
  });
  return {
    ...createAccountsApi(ports.accounts),
    ...createApprovalsApi(ports.approvals),
    serverStatus: () => serverStatus(ports),
    showSettings: () => showSettings(ports),
    changeSettings: (caller, request, life) => changeSettings(ports, caller, request, life),
    verify: (caller, request, life = UNWATCHED) =>
      request.repair === true ? repair(ports, caller, life) : verify(ports, life),
    recoverFromPrimary: (caller, _request, life = UNWATCHED) => recoverFromPrimary(ports, caller, life),

    sealState: async () => {
      const { seals, warnings } = await ports.seals.list();
      const server = { ...ports.server, version: PROGRAM_VERSION };
      return { sealed: false, server, seals, warnings, nextStep: null };
    },
    unseal: async () => ({ server: ports.server, seal: null, kind: null }),
    listSeals: () => ports.seals.list(),
    addSeal: (caller, request, life) => ports.seals.add(caller, request, life),
    removeSeal: (caller, { id }) => ports.seals.remove(caller, id),
    initRecovery: (caller, request, life) => ports.seals.initRecovery(caller, request, life),
    rotateDataKey: (caller, _request, life) => ports.resealing.rotate(caller, life),

    inviteSecondary: (caller, { dmz = false, expiresMs }, life) =>
      invite(ports, caller, { kind: 'secondary', dmz, expiresMs }, joinAt(), life),
    joinHierarchy: (caller, request) => joinHierarchy(ports, caller, request),
    showHierarchy: () => showHierarchy(ports, ports.link),
    heartbeatNow: async () => {
      const transmitted = await ports.upward.now();
      return { acknowledgedSeq: ports.link.acknowledgedSeq, transmitted };
    },
    setServer: (caller, { id, dmz }) => setDmz(ports, caller, { server: id, dmz }),
    removeServer: (caller, { id }) => removeSecondary(ports, caller, id),
    allowRecovery: (caller, { id, ...request }) => allowRecovery(ports, caller, { server: id, ...request }),
    leaveHierarchy: (caller) => leaveHierarchy(ports, caller),

    listKeys: (caller, request) => listKeys(ports, caller, request),
    showKey: (caller, { id }) => showKey(ports, caller, id),
    explainKey: (caller, request) => explainKey(ports, caller, request),
    revealKey: (caller, request) => revealKey(ports, caller, request),
    answerKeyRequest: (caller, request) =>
      answerKeyRequest({ ...ports, refusals: ports.accounts.refusals }, caller, request),

    takeRecoveries: (caller, request) => takeRecoveries(ports, caller, request),

    startExport: async (caller, request) => {
      const { id } = await ports.transfers.exports.start(caller, request);
      return { id, download: pathOf('downloadExport', id) };
    },
    startImport: async (caller, request) => {
      const { id } = await ports.transfers.imports.start(caller, request);
      return { id, upload: pathOf('uploadImport', id), confirm: pathOf('confirmImport', id) };
    },
    confirmImport: (caller, { id }, life = UNWATCHED) =>
      ports.transfers.imports.confirm(caller, id, life.progress),
    cancelImport: async (caller, { id }) => {
      await ports.transfers.imports.cancel(caller, id);
      return {};
    },
    startBackup: async (caller, request) => {
      const { id } = await ports.backups.start(caller, request);
      return { id, download: pathOf('downloadBackup', id) };
    },
    showBackups: () => showBackups(ports),
    noteBackupCheck: (caller, request) => noteBackupCheck(ports, caller, request),

    listJobs: async (caller) => ({ jobs: ports.jobs.list(caller) }),
    showJob: async (caller, { id }) => ({ job: ports.jobs.show(caller, id) }),
    cancelJob: async (caller, { id }) => ({ job: ports.jobs.cancel(caller, id) }),

    inviteDevice: async (caller, { expiresMs, group }, life) => {
      const kept = await groupForInvitation(ports, caller, group);
      return invite(ports, caller, { kind: 'device', dmz: false, expiresMs, group: kept }, joinAt(), life);
    },
    listDevices: (caller, request) => listDevices(ports, caller, request),
    showDevice: async (caller, request) => ({ device: await showDevice(ports, caller, request) }),
    setDevice: (caller, request) => setDevice(ports, caller, request),
    removeDevice: (caller, { id }) => removeDevice(ports, caller, id),

    listGroups: (caller) => listGroups(ports, caller),
    showGroup: (caller, request) => showGroup(ports, caller, request),
    addGroup: (caller, request, life) => addGroup(ports, caller, request, life),
    setGroup: (caller, request, life) => setGroup(ports, caller, request, life),
    removeGroup: (caller, request, life) => removeGroup(ports, caller, request, life),

    showPolicy: (caller, request) => showPolicy(ports, caller, request),
    previewPolicy: (caller, request) => previewPolicy(ports, caller, request),
    setPolicy: (caller, request, life) => setPolicy(ports, caller, request, life),

    listAudit: (_caller, request) => listAudit(ports.store.reader, request),
    verifyAudit: (_caller, _request, life = UNWATCHED) =>
      verifyAudit({ ...ports, reader: ports.store.reader }, life),
    auditProof: (_caller, { id }) => auditProof(ports, id),
    auditCheckpoint: () => auditCheckpoint(ports),
    acknowledgeAuditGap: (caller, { id }) => acknowledgeGap(ports, caller, id),
  };
}

/** The whole path of a call that needs only an id. */
function pathOf(name: PeopleRouteName, id: string): string {
  return fillPath(PEOPLE_ROUTES[name].path, { id });
}
