/** Who may still bring what a repair could not recover at once, and how to hasten it. */
import type { ServerName } from '#domain/server-name.ts';
import { type NextStep, step, told } from '#domain/step.ts';
import { byName } from '#domain/name-order.ts';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { readPrimary } from '../../hierarchy/primary/primary-row.ts';
import { readMember } from '../../members/members.ts';
import type { DamagedRange } from './damaged-range.ts';

type Waiting = NonNullable<VerifyAnswer['repair']>['waiting'][number];

/** @param secondaries those that were asked to send again. */
export async function waitingFor(
  ports: Pick<ServerPorts, 'store' | 'rows'>,
  groups: readonly DamagedRange[],
  secondaries: readonly ServerName[],
): Promise<Waiting[]> {
  const sources = new Set(groups.flatMap((group) => [...group.sources]));
  const devices: ServerName[] = [];
  for (const id of deviceIds(sources)) {
    const member = await readMember(ports.rows, ports.store.reader, id);
    if (member?.kind === 'device' && member.removedAt === null) devices.push(member);
  }
  devices.sort(byName);
  const primary = await readPrimary(ports.rows, ports.store.reader);
  return [
    ...(primary !== undefined && sources.has(`primary:${primary.id}`)
      ? [waiting('primary', primary, CAME_DOWN)]
      : []),
    ...secondaries.map((secondary) =>
      waiting('secondary', secondary, step('secondary-heartbeat', { server: secondary.name })),
    ),
    ...devices.map((device) => waiting('device', device, step('device-heartbeat', { device: device.name }))),
  ];
}

function waiting(place: Waiting['place'], { id, name }: ServerName, next: NextStep): Waiting {
  return { place, id, name, ...told(next) };
}

/** The devices that hold a receipt of a damaged key: those that made it or brought it back. */
function deviceIds(sources: ReadonlySet<string>): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const source of sources) {
    const [from, id] = source.split(':', 2);
    if ((from === 'device' || from === 'receipt') && id !== undefined) ids.add(id);
  }
  return ids;
}

/** The primary gives a key that came down by a lookup only for its claim, as before. */
const CAME_DOWN = 'a key that came down by a lookup comes again when a device here opens what it encrypts';
