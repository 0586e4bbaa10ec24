/** Gaps in what is witnessed of neighbours' audit logs: shown until an administrator acknowledges them. */
import type { Caller } from '#domain/right.ts';
import type { ServerName } from '#domain/server-name.ts';
import { type Notice, step, warn } from '#domain/step.ts';
import type { WarningName } from '#domain/warnings.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { requireCheckpoints } from '../checkpoints/show-checkpoint.ts';
import { type AuditGap, clearGaps, openGaps, readGaps } from '../checkpoints/witness.ts';
import { findNamed, listMembers } from '../members/members.ts';
import { readPrimary } from './primary/primary-row.ts';
import { readCountersigned } from './primary/tell-log.ts';
import type { HierarchyPorts } from './ports.ts';

/** Throws `not-found`, `ambiguous-name`. */
export async function acknowledgeGap(
  ports: Pick<HierarchyPorts, 'audit' | 'clock' | 'rows' | 'store'>,
  caller: Caller,
  wanted: string,
): Promise<PeopleAnswer<'acknowledgeAuditGap'>> {
  const { id, name } = findNamed(await neighbours(ports), wanted, 'neighbour');
  const gaps = await ports.store.write((transaction) => clearGaps(ports, transaction, id, caller.name));
  return { server: { id, name }, gaps };
}

async function neighbours({ rows, store }: Pick<HierarchyPorts, 'rows' | 'store'>): Promise<ServerName[]> {
  const primary = await readPrimary(rows, store.reader);
  const secondaries = await listMembers(rows, store.reader, 'secondary');
  return [...secondaries, ...(primary === undefined ? [] : [primary])];
}

/** This server's checkpoint of now, and the last one that its primary countersigned. */
export async function auditCheckpoint(
  ports: Pick<HierarchyPorts, 'checkpoints' | 'rows' | 'store'>,
): Promise<PeopleAnswer<'auditCheckpoint'>> {
  const checkpoints = requireCheckpoints(ports);
  const { note, origin } = await checkpoints.sign();
  const countersigned = await readCountersigned(ports.rows, ports.store.reader);
  return {
    checkpoint: note,
    keys: checkpoints.verifierKeysOf(origin),
    countersigned:
      countersigned === undefined
        ? null
        : {
            primary: countersigned.primary,
            size: countersigned.size,
            at: countersigned.at,
            checkpoint: countersigned.note,
            keys: [...countersigned.keys],
          },
  };
}

/** What an administrator should act on. */
export async function gapNotices(ports: Pick<HierarchyPorts, 'rows' | 'store'>): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (const { id, name } of await neighbours(ports)) {
    for (const gap of openGaps(await readGaps(ports.rows, ports.store.reader, id))) {
      const details = { server: name, lines: String(gap.held.size), at: gap.foundAt };
      const about = { name: gapName(gap), details };
      notices.push(warn(about, gapSentence(name, gap), step('acknowledge-gap', { server: id })));
    }
  }
  return notices;
}

function gapName({ what, continues }: AuditGap): Extract<WarningName, `gap-${string}`> {
  return what === 'new-epoch' && !continues ? 'gap-new-epoch-unproven' : `gap-${what}`;
}

function gapSentence(name: string, { what, held: { size }, continues, foundAt }: AuditGap): string {
  const lines = size === 1 ? 'the line that was' : `the ${size} lines that were`;
  switch (what) {
    case 'rewritten':
      return `${name} rewrote its audit log: what it told at ${foundAt} does not continue ${lines} witnessed here`;
    case 'new-epoch':
      return continues
        ? `${name} began a new epoch of its audit log at ${foundAt}; ${lines} witnessed here still begin it`
        : `${name} began a new epoch of its audit log at ${foundAt}, and did not prove that ${lines} witnessed here are still in it`;
    case 'other-key':
      return `${name} signs its audit log with another key since ${foundAt}, and it is not proved that ${lines} witnessed here are still in it`;
    case 'invalid':
      return `${name} sent a checkpoint of its audit log at ${foundAt} that is not signed as it should be`;
    case 'withheld':
      return `${name} tells nothing of its audit log any more since ${foundAt}; before, ${size} lines of it were witnessed here`;
  }
}
