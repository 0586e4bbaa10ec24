/** What a server reports of itself to an administrator, and which of it needs attention. */
import { type Notice, step, warn } from '#domain/step.ts';
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import { emergencyWarnings } from '../approvals/emergency.ts';
import { ruleWarnings } from '../approvals/rules.ts';
import { isoTime } from '../environment/environment.ts';
import type { Forwarding } from '../forwarding/forwarding.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { readPrimary } from '../hierarchy/primary/primary-row.ts';
import { openRecoveries } from '../hierarchy/recovery/allow-recovery.ts';
import { ringNotice } from '../hierarchy/ring.ts';
import { ringSeen, showSecondary } from '../hierarchy/tree.ts';
import { countMembers, listMembers } from '../members/members.ts';
import type { Providers } from '../people/providers.ts';
import { clockBehindSentence, timeAhead } from '../repository/known-time.ts';
import { isDiskLow } from '../repository/low-disk.ts';
import { readEpoch, readOptions } from '../repository/settings.ts';
import type { Resealing } from '../seals/resealing.ts';
import type { Seals } from '../seals/seals.ts';
import type { ServerIdentities } from '../transfer/server-identities.ts';
import { auditStatus, auditWarnings } from './audit-status.ts';
import { lossWarnings } from './loss-warnings.ts';
import { showProcesses } from './show-processes.ts';

export interface StatusPorts
  extends Pick<HierarchyPorts, 'checkpoints' | 'clock' | 'reported' | 'rows' | 'server' | 'store'> {
  readonly link: PrimaryLink;
  readonly identities: ServerIdentities;
  readonly seals: Seals;
  readonly resealing: Resealing;
  readonly providers: Pick<Providers, 'limit'>;
  readonly forwarding: Forwarding;
  /** What only the program knows: where it listens. */
  readonly facts: () => Pick<ServerStatus, 'listen' | 'console' | 'consoleFingerprint'>;
}

export async function serverStatus(ports: StatusPorts): Promise<ServerStatus> {
  const { reader } = ports.store;
  const head = await reader.head();
  const options = await readOptions(ports.rows, reader);
  const primary = await readPrimary(ports.rows, reader);
  const secondaries = await listMembers(ports.rows, reader, 'secondary');
  const devices = await countMembers(reader, 'device');
  const { seals, warnings } = await ports.seals.list();
  const forwarding = await ports.forwarding.states(reader);
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
    database: ports.store.facts,
    processes: await showProcesses(ports, ports.facts().listen),
    ...ports.facts(),
    recipients: await recipientsOf(ports),
    seals,
    dataKey: await ports.resealing.state(),
    ...(await auditStatus(ports, secondaries, forwarding)),
    warnings: [
      ...(await emergencyWarnings(ports)),
      ...warnings,
      ...(await auditWarnings(ports)),
      ...ports.forwarding.warnings(forwarding),
      ...(await ruleWarnings(ports)),
      ...(await lossWarnings(ports, reader)),
      ...(await warningsOf(ports)),
    ],
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
      warn(
        { name: 'row-altered', details: { row } },
        `the row "${row}" was altered in the database and counts as absent`,
        'restore the newest backup, or make it again',
      ),
    );
  const more = altered.length - ALTERED_NAMED_MAX;
  if (more > 0) {
    warnings.push(
      warn(
        { name: 'more-rows-altered', details: { count: String(more) } },
        `and so were ${more} more rows`,
        step('look-at-altered'),
      ),
    );
  }
  if (ring !== undefined) warnings.push(ringNotice(ring));
  const now = ports.clock();
  const ahead = await timeAhead(ports, ports.store.reader);
  if (ahead !== undefined) {
    const details = { clock: isoTime(now), known: ahead };
    warnings.push(warn({ name: 'clock-behind', details }, clockBehindSentence(now, ahead)));
  }
  for (const { server, expiresAt } of await openRecoveries(ports)) {
    warnings.push(
      warn(
        { name: 'recovery-open', details: { server: server.name, until: expiresAt } },
        `${server.name} may recover its keys from here until ${expiresAt}`,
        step('end-recovery', { server: server.id }),
      ),
    );
  }
  const refused = await ports.store.reader.refusedKeys('', 1000);
  if (refused.length > 0) {
    warnings.push(
      warn(
        { name: 'keys-refused', details: { count: String(refused.length) } },
        `${refused.length === 1 ? 'a key was' : `${refused.length} keys were`} refused by the primary`,
        step('look-at-key', { key: refused[0]!.keyId }),
      ),
    );
  }
  if (await isDiskLow(ports.store)) {
    warnings.push(
      warn(
        { name: 'disk-low', details: {} },
        'disk space is low: transmissions from secondaries are deferred',
        'free some space',
      ),
    );
  }
  return warnings;
}
