/** What a server reports of itself to an administrator, and which of it needs attention. */
import { FREE_BYTES_FOR_TRANSMISSIONS } from '#domain/limits.ts';
import { type Notice, notice, step } from '#domain/step.ts';
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { readPrimary } from '../hierarchy/primary/primary-row.ts';
import { openRecoveries } from '../hierarchy/recovery/allow-recovery.ts';
import { ringNotice } from '../hierarchy/ring.ts';
import { ringSeen, showSecondary } from '../hierarchy/tree.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import type { Resealing } from '../seals/resealing.ts';
import type { Seals } from '../seals/seals.ts';
import { clockBehindSentence, timeAhead } from '../repository/known-time.ts';
import { readEpoch, readOptions } from '../repository/settings.ts';
import type { ServerIdentities } from '../transfer/server-identities.ts';
import { countMembers, listMembers } from '../members/members.ts';

export interface StatusPorts
  extends Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'> {
  readonly link: PrimaryLink;
  readonly identities: ServerIdentities;
  readonly seals: Seals;
  readonly resealing: Resealing;
  /** What only the program knows: where it listens. */
  readonly facts: () => { readonly listen: string };
}

export async function serverStatus(ports: StatusPorts): Promise<ServerStatus> {
  const { reader } = ports.store;
  const head = await reader.head();
  const options = await readOptions(ports.rows, reader);
  const primary = await readPrimary(ports.rows, reader);
  const secondaries = await listMembers(ports.rows, reader, 'secondary');
  const devices = await countMembers(reader, 'device');
  const { seals, warnings } = await ports.seals.list();
  return {
    server: { ...ports.server, version: PROGRAM_VERSION },
    useHierarchy: options.useHierarchy,
    keys: head.seq,
    headSeq: head.seq,
    epoch: (await readEpoch(ports.rows, reader))?.epoch ?? '',
    primary: primary === undefined ? null : ports.link.show(primary),
    secondaries: await Promise.all(
      secondaries.map(async (member) => {
        const { shown, acknowledgedSeq } = await showSecondary(ports, member);
        const { id, name, useHierarchy, dmz, lastHeartbeatAt, problem } = shown;
        return { id, name, useHierarchy, dmz, acknowledgedSeq, lastHeartbeatAt, problem };
      }),
    ),
    devices,
    listen: ports.facts().listen,
    recipients: await recipientsOf(ports),
    seals,
    dataKey: await ports.resealing.state(),
    warnings: [...warnings, ...(await warningsOf(ports))],
  };
}

/** `server verify` reports an altered secret; the rest of the status is still wanted. */
async function recipientsOf({ identities }: StatusPorts): Promise<string[]> {
  try {
    return (await identities.all()).map(({ recipient }) => recipient);
  } catch {
    return [];
  }
}

/** Altered rows that the status names: its reader acts on the first. */
const ALTERED_NAMED_MAX = 100;

async function warningsOf(
  ports: Pick<HierarchyPorts, 'clock' | 'reported' | 'rows' | 'server' | 'store'>,
): Promise<Notice[]> {
  const ring = await ringSeen(ports);
  const altered = ports.rows.untrusted;
  const warnings = altered
    .slice(0, ALTERED_NAMED_MAX)
    .map((row) =>
      notice(
        `the row "${row}" was altered in the database and counts as absent`,
        'restore the newest backup, or make it anew',
      ),
    );
  if (altered.length > ALTERED_NAMED_MAX) {
    warnings.push(
      notice(`and so were ${altered.length - ALTERED_NAMED_MAX} rows more`, step('look-at-altered')),
    );
  }
  if (ring !== undefined) warnings.push(ringNotice(ring));
  const ahead = await timeAhead(ports, ports.store.reader);
  if (ahead !== undefined) warnings.push(notice(clockBehindSentence(ports.clock(), ahead)));
  for (const { server, expiresAt } of await openRecoveries(ports)) {
    warnings.push(
      notice(
        `${server.name} may have its keys back from here until ${expiresAt}`,
        step('end-recovery', { server: server.id }),
      ),
    );
  }
  const refused = await ports.store.reader.refusedKeys('', 1000);
  if (refused.length > 0) {
    warnings.push(
      notice(
        `${refused.length === 1 ? 'a key was' : `${refused.length} keys were`} refused by the primary`,
        step('look-at-key', { key: refused[0]!.keyId }),
      ),
    );
  }
  if ((await ports.store.freeBytes()) < FREE_BYTES_FOR_TRANSMISSIONS) {
    warnings.push(
      notice('little disk space is left: transmissions of secondaries are put off', 'free some space'),
    );
  }
  return warnings;
}
