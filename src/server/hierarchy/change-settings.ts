/**
 * Shows and changes the server's options. Switching the option off closes every stream that carries keys before the
 * command returns.
 */
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { PeopleRequest } from '#protocol/people/people-routes.ts';
import { type SettingsAnswer, settingsVersion } from '#protocol/people/routes/server.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime } from '../environment/environment.ts';
import type { OpenStreams } from './secondaries/open-streams.ts';
import type { PrimaryLink } from './primary/primary-link.ts';
import { forgetPrimaryPolicy } from '../groups/policy-rows.ts';
import { readPrimary } from './primary/primary-row.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { type Options, readOptions, writeOptions } from '../repository/settings.ts';
import { listMembers } from '../members/members.ts';

export interface SettingsPorts extends Omit<ServerPorts, 'timers' | 'log' | 'wanted' | 'treeChanged'> {
  readonly link: PrimaryLink;
  readonly streams: OpenStreams;
  readonly heartbeatNow: () => Promise<number>;
}

function answerOf(options: Options, notHeard: readonly ServerName[]): SettingsAnswer {
  return { ...shown(options), notHeard: [...notHeard] };
}

function shown({
  useHierarchy,
  transmit,
  heartbeatMs,
  takePolicy = false,
}: Options): Omit<SettingsAnswer, 'notHeard'> {
  return { useHierarchy, transmit, heartbeat: Math.round(heartbeatMs / 1000), takePolicy };
}

export async function showSettings(ports: SettingsPorts): Promise<SettingsAnswer> {
  const options = await readOptions(ports.rows, ports.store.reader);
  return answerOf(options, await neighboursNotHeard(ports, options));
}

export async function changeSettings(
  ports: SettingsPorts,
  caller: Caller,
  request: PeopleRequest<'changeSettings'>,
  { requireVersion }: Pick<CallLife, 'requireVersion'> = UNWATCHED,
): Promise<SettingsAnswer> {
  const { before, after } = await ports.store.write(async (transaction) => {
    const before = await readOptions(ports.rows, transaction);
    requireVersion(settingsVersion(shown(before)), before.changed);
    const after: Options = {
      useHierarchy: request.useHierarchy ?? before.useHierarchy,
      transmit: request.transmit ?? before.transmit,
      heartbeatMs: request.heartbeat === undefined ? before.heartbeatMs : request.heartbeat * 1000,
      takePolicy: request.takePolicy ?? before.takePolicy ?? false,
      switchedAt:
        request.useHierarchy === undefined || request.useHierarchy === before.useHierarchy
          ? before.switchedAt
          : ports.clock(),
      changed: { by: caller.name, at: isoTime(ports.clock()) },
    };
    await writeOptions(ports.rows, transaction, after);
    // Off: what the primary said is gone at once, and comes back only from a primary.
    if (after.takePolicy !== (before.takePolicy ?? false)) await forgetPrimaryPolicy(ports, transaction);
    await ports.audit.append(transaction, [
      { event: 'settings-changed', by: caller.name, changes: { ...request } },
    ]);
    return { before, after };
  });
  if (before.useHierarchy && !after.useHierarchy) {
    ports.link.closeStreams();
    ports.streams.closeAll();
    await ports.store.processes?.settled();
  }
  ports.hierarchyChanged.raise();
  // A reachable primary hears of the change at once. If it cannot be reached, the answer says so.
  const isTaken = after.takePolicy === true && before.takePolicy !== true;
  if (before.useHierarchy !== after.useHierarchy || isTaken)
    await ports.heartbeatNow().catch(() => undefined);
  return answerOf(after, await neighboursNotHeard(ports, after));
}

/** Neighbours that have exchanged no heartbeat with this server since the option was switched. */
async function neighboursNotHeard(
  ports: SettingsPorts,
  { switchedAt }: Options,
): Promise<readonly ServerName[]> {
  if (switchedAt === undefined) return [];
  const { reader } = ports.store;
  const notHeard: ServerName[] = [];
  const primary = await readPrimary(ports.rows, reader);
  if (primary !== undefined && (ports.link.lastHeardAt ?? 0) <= switchedAt) {
    notHeard.push({ id: primary.id, name: primary.name });
  }
  for (const { id, name, joinedAt } of await listMembers(ports.rows, reader, 'secondary')) {
    // A neighbour that joined later learned it when it joined.
    const heardAt = (await reader.contact(id))?.lastHeartbeatAt ?? Date.parse(joinedAt);
    if (heardAt <= switchedAt) notHeard.push({ id, name });
  }
  return notHeard;
}
