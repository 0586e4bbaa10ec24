/**
 * Repair: verifies, repairs what the rows themselves prove, recovers the rest from the primary, asks secondaries and
 * devices for what only they have, and verifies again.
 *
 * Invariants: the event that a repair begins is durable before anything is touched; a key counts as repaired when its
 * transaction is durable, and as whole when the verification afterwards says so.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { ServerName } from '#domain/server-name.ts';
import { REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import type { Caller } from '#domain/right.ts';
import type { Notice } from '#domain/step.ts';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { CallLife } from '../../environment/call-life.ts';
import type { RequestRecoveryPorts } from '../../hierarchy/recovery/request-recovery.ts';
import type { Findings } from '../verify/findings.ts';
import { verifyRepository, reportOf, type Verified } from '../verify/verify.ts';
import { askSecondaries, setBack } from './ask-secondaries.ts';
import { type DamagedRange, groupsOf, joined } from './damaged-range.ts';
import { repairFromPrimary } from './from-primary.ts';
import { repairRange, type RepairedKey } from './repair-range.ts';
import { repairNotes } from './repair-notes.ts';
import type { PendingRepairs } from './pending-repairs.ts';
import { waitingFor } from './waiting-for.ts';

export interface RepairPorts extends RequestRecoveryPorts {
  readonly pending: PendingRepairs;
}

/** Throws `interrupted`. The report says what is blocking a part. */
export async function repair(ports: RepairPorts, caller: Caller, life: CallLife): Promise<VerifyAnswer> {
  let found = await verifyRepository(ports, life);
  const run: Run = { ports, by: caller.name, life, repaired: [], obstacles: new Map() };
  let round: Round = { left: [], secondaries: [], changed: isDamaged(found) };
  while (round.changed) {
    const repairedBefore = run.repaired.length;
    round = await repairOnce(run, found);
    if (!round.changed) break;
    // There is more damage than one verification names: the next round repairs the rest.
    const again = found.findings.more > 0 && run.repaired.length > repairedBefore;
    found = await verifyRepository(ports, life);
    if (!again) break;
  }
  const { primary } = found.around;
  const repaired = run.repaired.slice(0, REPORT_NAMES_MAX).map(({ seq, id, from }) => ({
    seq,
    id,
    from,
    name: from === `primary:${primary?.id}` ? primary!.name : null,
  }));
  const waiting = await waitingFor(ports, round.left, round.secondaries);
  const more = run.repaired.length - repaired.length;
  const named = more === 0 ? { repaired } : { repaired, moreRepaired: more };
  return { ...reportOf(found), repair: { ...named, waiting, obstacles: [...run.obstacles.values()] } };
}

interface Round {
  readonly left: readonly DamagedRange[];
  /** The secondaries that were asked to send again. */
  readonly secondaries: readonly ServerName[];
  /** Something was repaired. */
  readonly changed: boolean;
}

function isDamaged({ findings }: Verified): boolean {
  return findings.damages.length > 0 || notesOf(findings) > 0;
}

/** Counts what is set back or counted again, and so can always be repaired. */
function notesOf({ cursors, contacts, receiptTotals, alteredAuditTiles }: Findings): number {
  return cursors.length + contacts.length + receiptTotals.length + alteredAuditTiles;
}

async function repairOnce(run: Run, { findings, auditWhole }: Verified): Promise<Round> {
  const { ports, by } = run;
  const groups = groupsOf(findings.damages, auditWhole);
  const before = run.repaired.length;
  await ports.audit.record({
    event: 'repair-started',
    by,
    runs: groups.length,
    first: groups[0]?.from ?? null,
  });
  let left: readonly DamagedRange[] = groups;
  try {
    for (const cursor of findings.cursors) await setBack(ports, cursor, by);
    await repairNotes(ports, findings);
    left = await repairHere(run, left);
    left = await repairFromAbove(run, left);
    triggerFollowUp(run);
  } catch (error) {
    await ended(run, 'broken-off', before, left.length).catch(() => undefined);
    throw error;
  }
  ports.pending.want(left);
  const secondaries = await askSecondaries(ports, left, by);
  await ended(run, 'completed', before, left.length);
  return { left, secondaries, changed: run.repaired.length > before || notesOf(findings) > 0 };
}

interface Run {
  readonly ports: RepairPorts;
  readonly by: string;
  readonly life: CallLife;
  readonly repaired: RepairedKey[];
  /** By sentence: several rounds meet the same obstacle. */
  readonly obstacles: Map<string, Notice>;
}

function ended(
  { ports, by, repaired }: Run,
  outcome: 'completed' | 'broken-off',
  before: number,
  left: number,
): Promise<void> {
  return ports.audit.record({ event: 'repair-ended', by, outcome, repaired: repaired.length - before, left });
}

/** Repairs what the records in the rows, the log and the neighbours prove. */
async function repairHere(run: Run, groups: readonly DamagedRange[]): Promise<readonly DamagedRange[]> {
  const left = await repairEach(run, groups);
  if (left.length < 2) return left;
  // Records that changed places over a distance prove each other only together.
  const all = joined(left);
  return (await repairEach(run, [all])).length === 0 ? [] : left;
}

async function repairEach(
  { ports, by, life, repaired }: Run,
  groups: readonly DamagedRange[],
): Promise<DamagedRange[]> {
  const left: DamagedRange[] = [];
  for (const group of groups) {
    life.requireWanted();
    const outcome = await ports.store.write((transaction) =>
      repairRange(ports, transaction, group, [], { from: 'here', by }),
    );
    repaired.push(...outcome.repaired);
    if (!outcome.whole) left.push(group);
  }
  return left;
}

async function repairFromAbove(
  { ports, by, life, repaired, obstacles }: Run,
  groups: readonly DamagedRange[],
): Promise<readonly DamagedRange[]> {
  const { primary } = await ports.link.judge(ports.store.reader);
  if (groups.length === 0 || primary === undefined) return groups;
  let left = groups;
  try {
    left = await repairFromPrimary(ports, groups, by, (some) => repaired.push(...some), life.requireWanted);
  } catch (error) {
    if (!(error instanceof KeystairError) || codeOf(error) === 'interrupted') throw error;
    obstacles.set(error.sentence, error.notice);
  }
  return left;
}

/** Keys that a gap held up climb now, and keys that were looked up in vain are asked for again. */
function triggerFollowUp({ ports, repaired }: Run): void {
  if (repaired.length === 0) return;
  ports.keysRecorded.raise();
  ports.hierarchyChanged.raise();
}
