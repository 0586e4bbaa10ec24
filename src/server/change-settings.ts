/**
 * Showing and changing the server's options. Switching the option off closes every stream in which keys travel before
 * the command returns.
 */
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/lookup.ts';
import type { PeopleRequest, SettingsAnswer } from '#protocol/people-routes.ts';
import type { OpenStreams } from './hierarchy/open-streams.ts';
import type { PrimaryLink } from './hierarchy/primary-link.ts';
import { readPrimary } from './hierarchy/primary-row.ts';
import type { ServerPorts } from './ports.ts';
import { type Options, readOptions, writeOptions } from './settings.ts';
import { listMembers } from './trust/members.ts';

export interface SettingsPorts extends ServerPorts {
  readonly link: PrimaryLink;
  readonly streams: OpenStreams;
  readonly heartbeatNow: () => Promise<number>;
}

function answerOf(options: Options, notHeard: readonly ServerName[]): SettingsAnswer {
  return {
    useHierarchy: options.useHierarchy,
    transmit: options.transmit,
    heartbeat: Math.round(options.heartbeatMs / 1000),
    notHeard: [...notHeard],
  };
}

export async function showSettings(ports: SettingsPorts): Promise<SettingsAnswer> {
  return answerOf(await readOptions(ports.rows, ports.store.reader), []);
}

export async function changeSettings(
  ports: SettingsPorts,
  caller: Caller,
  request: PeopleRequest<'changeSettings'>,
): Promise<SettingsAnswer> {
  const { before, after } = await ports.store.write(async (transaction) => {
    const before = await readOptions(ports.rows, transaction);
    const after: Options = {
      useHierarchy: request.useHierarchy ?? before.useHierarchy,
      transmit: request.transmit ?? before.transmit,
      heartbeatMs: request.heartbeat === undefined ? before.heartbeatMs : request.heartbeat * 1000,
    };
    await writeOptions(ports.rows, transaction, after);
    await ports.audit.append(transaction, [
      { event: 'settings-changed', by: caller.name, changes: { ...request } },
    ]);
    return { before, after };
  });
  if (before.useHierarchy && !after.useHierarchy) {
    ports.link.closeStreams();
    ports.streams.closeAll();
  }
  ports.hierarchyChanged.raise();
  if (before.useHierarchy === after.useHierarchy) return answerOf(after, []);
  return answerOf(after, await neighboursNotHeard(ports));
}

/** The primary hears at once, where it is reached; secondaries hear with the next answer they get. */
async function neighboursNotHeard(ports: SettingsPorts): Promise<readonly ServerName[]> {
  const { reader } = ports.store;
  const notHeard: ServerName[] = [];
  const primary = await readPrimary(ports.rows, reader);
  if (primary !== undefined && !(await heard(ports))) notHeard.push({ id: primary.id, name: primary.name });
  for (const { id, name } of await listMembers(ports.rows, reader, 'secondary')) notHeard.push({ id, name });
  return notHeard;
}

async function heard(ports: SettingsPorts): Promise<boolean> {
  try {
    await ports.heartbeatNow();
    return true;
  } catch {
    return false;
  }
}
