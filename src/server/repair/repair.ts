/**
 * Repairing: verifies, puts right what the rows themselves prove, has the rest back from the primary, asks secondaries and
 * devices for what only they have, and verifies again.
 *
 * Invariants: that it begins is durable before anything is touched; a key counts as mended when its transaction is durable,
 * and as whole when the verification after it says so.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { type Caller, demandRight } from '#domain/right.ts';
import type { VerifyAnswer } from '#protocol/people-answers.ts';
import type { CallLife } from '../call-life.ts';
import type { AskBackPorts } from '../hierarchy/ask-back.ts';
import { lookAtEverything, reportOf } from '../verify/verify.ts';
import { askSecondaries, setBack } from './ask-secondaries.ts';
import { type DamagedGroup, groupsOf, joined } from './damaged-group.ts';
import { mendFromPrimary } from './from-primary.ts';
import { mendGroup, type MendedKey } from './mend-group.ts';
import { waitingFor } from './waiting-for.ts';

/** Throws `not-allowed`, `interrupted`. What is in the way of a part is told in the report. */
export async function repair(ports: AskBackPorts, caller: Caller, life: CallLife): Promise<VerifyAnswer> {
  demandRight(caller, { area: 'Encryption key management', right: 'Write' });
  const found = await lookAtEverything(ports, life);
  const groups = groupsOf(found.findings.damages, found.auditWhole);
  const { cursors } = found.findings;
  if (groups.length === 0 && cursors.length === 0) {
    return { ...reportOf(found), repair: { mended: [], waiting: [], obstacles: [] } };
  }
  const run: Run = { ports, by: caller.name, life, mended: [], obstacles: [] };
  await ports.audit.record({
    event: 'repair-started',
    by: caller.name,
    runs: groups.length,
    first: groups[0]?.from ?? null,
  });
  let left: readonly DamagedGroup[] = groups;
  try {
    for (const cursor of cursors) await setBack(ports, cursor, caller.name);
    left = await mendHere(run, left);
    left = await mendFromAbove(run, left);
    goOn(run);
  } catch (error) {
    await ended(run, 'broken-off', left.length).catch(() => undefined);
    throw error;
  }
  ports.wanted.want(left);
  const secondaries = await askSecondaries(ports, left, caller.name);
  await ended(run, 'completed', left.length);
  const after = run.mended.length === 0 && cursors.length === 0 ? found : await lookAtEverything(ports, life);
  const waiting = await waitingFor(ports, left, secondaries);
  const { primary } = found.around;
  const mended = run.mended.map(({ seq, id, from }) => ({
    seq,
    id,
    from,
    name: from === `primary:${primary?.id}` ? primary!.name : null,
  }));
  return { ...reportOf(after), repair: { mended, waiting, obstacles: run.obstacles } };
}

interface Run {
  readonly ports: AskBackPorts;
  readonly by: string;
  readonly life: CallLife;
  readonly mended: MendedKey[];
  readonly obstacles: string[];
}

function ended({ ports, by, mended }: Run, outcome: 'completed' | 'broken-off', left: number): Promise<void> {
  return ports.audit.record({ event: 'repair-ended', by, outcome, mended: mended.length, left });
}

/** What the records in the rows, the log and the neighbours prove. */
async function mendHere(run: Run, groups: readonly DamagedGroup[]): Promise<readonly DamagedGroup[]> {
  const left = await mendEach(run, groups);
  if (left.length < 2) return left;
  // Records that changed places over a distance prove each other only together.
  const all = joined(left);
  return (await mendEach(run, [all])).length === 0 ? [] : left;
}

async function mendEach(
  { ports, by, life, mended }: Run,
  groups: readonly DamagedGroup[],
): Promise<DamagedGroup[]> {
  const left: DamagedGroup[] = [];
  for (const group of groups) {
    life.demandWanted();
    const outcome = await ports.store.write((transaction) =>
      mendGroup(ports, transaction, group, [], { from: 'here', by }),
    );
    mended.push(...outcome.mended);
    if (!outcome.whole) left.push(group);
  }
  return left;
}

async function mendFromAbove(
  { ports, by, life, mended, obstacles }: Run,
  groups: readonly DamagedGroup[],
): Promise<readonly DamagedGroup[]> {
  const { primary } = await ports.link.judge(ports.store.reader);
  if (groups.length === 0 || primary === undefined) return groups;
  let left = groups;
  try {
    left = await mendFromPrimary(ports, groups, by, (some) => mended.push(...some), life.demandWanted);
  } catch (error) {
    if (!(error instanceof KeystairError) || codeOf(error) === 'interrupted') throw error;
    obstacles.push(error.sentence);
  }
  return left;
}

/** What a gap held up climbs, and what was looked up in vain is asked for again. */
function goOn({ ports, mended }: Run): void {
  if (mended.length === 0) return;
  ports.keysRecorded.raise();
  ports.hierarchyChanged.raise();
}
