/** What people may call, and what each call runs: one row for each route. */
import type { Caller } from '#domain/right.ts';
import type { PeopleAnswer, PeopleRouteName, PeopleRoutes } from '#protocol/people/people-routes.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { z } from 'zod';
import { type CallLife, UNWATCHED } from '../../environment/call-life.ts';
import { changeSettings, type SettingsPorts, showSettings } from '../../hierarchy/change-settings.ts';
import { listDevices, removeDevice } from '../../devices/list-devices.ts';
import type { UpwardTransmission } from '../../hierarchy/primary/upward-transmission.ts';
import { type JoinPorts, joinHierarchy } from '../../hierarchy/primary/join.ts';
import { recoverFromPrimary } from '../../hierarchy/recovery/recover-from-primary.ts';
import { allowRecovery } from '../../hierarchy/recovery/allow-recovery.ts';
import { leaveHierarchy, type NeighbourPorts, removeSecondary, setDmz } from '../../hierarchy/neighbours.ts';
import { showHierarchy } from '../../hierarchy/tree.ts';
import { type ExplainPorts, explainKey } from '../../keys/explain.ts';
import { listKeys, showKey } from '../../keys/list-keys.ts';
import { revealKey } from '../../keys/reveal-key.ts';
import type { PendingRepairs } from '../../integrity/repair/pending-repairs.ts';
import { repair } from '../../integrity/repair/repair.ts';
import { serverStatus, type StatusPorts } from '../../status/status.ts';
import type { Credentials } from '../../members/credentials.ts';
import { invite } from '../../members/invitations.ts';
import { verify } from '../../integrity/verify/verify.ts';

export interface PeopleApiPorts extends SettingsPorts, JoinPorts, NeighbourPorts, ExplainPorts, StatusPorts {
  /** A heartbeat alone. */
  readonly refreshLink: () => Promise<void>;
  readonly credentials: Credentials;
  readonly upward: UpwardTransmission;
  readonly pending: PendingRepairs;
}

export type PeopleApi = {
  readonly [N in PeopleRouteName]: (
    caller: Caller,
    request: z.output<PeopleRoutes[N]['request']>,
    /** For calls that take long. */
    life?: CallLife,
  ) => Promise<PeopleAnswer<N>>;
};

export function createPeopleApi(ports: PeopleApiPorts): PeopleApi {
  const joinAt = () => ({
    addresses: ports.credentials.addresses(),
    authority: ports.credentials.fingerprint,
  });
  return {
    serverStatus: () => serverStatus(ports),
    showSettings: () => showSettings(ports),
    changeSettings: (caller, request) => changeSettings(ports, caller, request),
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
    addSeal: (caller, request) => ports.seals.add(caller, request),
    removeSeal: (caller, { seal }) => ports.seals.remove(caller, seal),
    initRecovery: (caller, request) => ports.seals.initRecovery(caller, request),
    rotateDataKey: (caller) => ports.resealing.rotate(caller),

    inviteSecondary: (caller, { dmz = false, expiresMs }) =>
      invite(ports, caller, { kind: 'secondary', dmz, expiresMs }, joinAt()),
    joinHierarchy: (caller, request) => joinHierarchy(ports, caller, request),
    showHierarchy: () => showHierarchy(ports, ports.link),
    heartbeatNow: async () => {
      const transmitted = await ports.upward.now();
      return { acknowledgedSeq: ports.link.acknowledgedSeq, transmitted };
    },
    setServer: (caller, request) => setDmz(ports, caller, request),
    removeServer: (caller, { server }) => removeSecondary(ports, caller, server),
    allowRecovery: (caller, request) => allowRecovery(ports, caller, request),
    leaveHierarchy: (caller) => leaveHierarchy(ports, caller),

    listKeys: (_caller, request) => listKeys(ports, request),
    showKey: (_caller, { id }) => showKey(ports, id),
    explainKey: (_caller, request) => explainKey(ports, request),
    revealKey: (caller, request) => revealKey(ports, caller, request),

    inviteDevice: (caller, { expiresMs }) =>
      invite(ports, caller, { kind: 'device', dmz: false, expiresMs }, joinAt()),
    listDevices: (_caller, request) => listDevices(ports, request),
    removeDevice: (caller, { device }) => removeDevice(ports, caller, device),
  };
}
