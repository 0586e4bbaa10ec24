/** Who may still bring what a repair could not have at once, and how that is hastened: words for a person. */
import type { ServerName } from '#domain/lookup.ts';
import type { VerifyAnswer } from '#protocol/people-answers.ts';
import type { ServerPorts } from '../ports.ts';
import { readPrimary } from '../hierarchy/primary-row.ts';
import { readMember } from '../trust/members.ts';
import type { DamagedGroup } from './damaged-group.ts';

type Waiting = NonNullable<VerifyAnswer['repair']>['waiting'][number];

/** @param secondaries those that were asked to send again. */
export async function waitingFor(
  ports: Pick<ServerPorts, 'store' | 'rows'>,
  groups: readonly DamagedGroup[],
  secondaries: readonly ServerName[],
): Promise<Waiting[]> {
  const sources = new Set(groups.flatMap((group) => [...group.sources]));
  const devices: ServerName[] = [];
  for (const id of deviceIds(sources)) {
    const member = await readMember(ports.rows, ports.store.reader, id);
    if (member?.kind === 'device' && member.removedAt === null) devices.push(member);
  }
  devices.sort((left, right) => (left.name < right.name ? -1 : 1));
  const primary = await readPrimary(ports.rows, ports.store.reader);
  return [
    ...(primary !== undefined && sources.has(`primary:${primary.id}`) ? [cameDown(primary)] : []),
    ...secondaries.map(
      ({ id, name }): Waiting => ({
        place: 'secondary',
        id,
        name,
        nextStep: `it sends its keys again with its next heartbeat; at once with \`keystair hierarchy heartbeat\` on ${name}`,
      }),
    ),
    ...devices.map(
      ({ id, name }): Waiting => ({
        place: 'device',
        id,
        name,
        nextStep: `it gives its receipts back with its next heartbeat; at once with \`keystair agent heartbeat\` on ${name}`,
      }),
    ),
  ];
}

/** The devices that have a receipt of what is damaged: those that made it, or brought it back. */
function deviceIds(sources: ReadonlySet<string>): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const source of sources) {
    const [from, id] = source.split(':', 2);
    if ((from === 'device' || from === 'receipt') && id !== undefined) ids.add(id);
  }
  return ids;
}

/** What came down by a lookup is given for its claim only, as it was. */
function cameDown({ id, name }: ServerName): Waiting {
  return {
    place: 'primary',
    id,
    name,
    nextStep: 'a key that came down by a lookup comes again when a device here opens what it encrypts',
  };
}
