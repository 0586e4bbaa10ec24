/**
 * A secondary's audit log, at its primary: each heartbeat says how the log stands, and where that is not what is held
 * here, a signed checkpoint follows with a proof. Its new state is stored before the answer countersigns it.
 */
import { originOf } from '#domain/checkpoint.ts';
import type { Member } from '#domain/member.ts';
import type { LogAnswer } from '#protocol/checkpoint-messages.ts';
import type { HeartbeatRequest } from '#protocol/messages.ts';
import type { Transaction } from '#store/transaction.ts';
import { headOf, sameHead } from '../../checkpoints/checkpoints.ts';
import {
  type AuditGap,
  countersign,
  type HeldLog,
  judgeCheckpoint,
  keepVerdict,
  noteWithheld,
  openGaps,
  readGaps,
  readHeld,
} from '../../checkpoints/witness.ts';
import { isoTime } from '../../environment/environment.ts';
import type { HierarchyPorts } from '../ports.ts';
import { checkpointMessage } from '../told-checkpoint.ts';

/** The primary's own checkpoint serves all its secondaries for this long: each signature costs a write. */
const OWN_YOUNG_MS = 60_000;

export interface HeardLog {
  /** Undefined where the log stands as it is held. */
  readonly answer: LogAnswer | undefined;
  /** To be countersigned once it is durable. */
  readonly accepted: HeldLog | undefined;
  /** Found now. */
  readonly gap: AuditGap | undefined;
}

const NOTHING: HeardLog = { answer: undefined, accepted: undefined, gap: undefined };

/** @param copies an older life of the secondary calls: its log decides nothing. */
export async function hearLog(
  ports: Pick<HierarchyPorts, 'audit' | 'clock' | 'rows'>,
  transaction: Transaction,
  { id }: Member,
  { epoch, log, checkpoint }: HeartbeatRequest,
  copies: boolean,
): Promise<HeardLog> {
  const held = await readHeld(ports.rows, transaction, id);
  if (copies) return NOTHING;
  if (log === undefined) {
    if (held === undefined) return NOTHING;
    return { ...NOTHING, gap: await noteWithheld(ports, transaction, id, held) };
  }
  const origin = originOf(id, epoch);
  if (checkpoint === undefined) {
    if (held !== undefined && sameHead(held, { origin, ...log })) return NOTHING;
    return { ...NOTHING, answer: await answerOf(ports, transaction, id, held) };
  }
  const verdict = judgeCheckpoint(held, checkpoint, (told) => told === origin, isoTime(ports.clock()));
  const gap = await keepVerdict(ports, transaction, id, held, verdict);
  const accepted =
    verdict.outcome === 'continues' || verdict.outcome === 'new-epoch' ? verdict.told : undefined;
  return { answer: await answerOf(ports, transaction, id, accepted ?? held), accepted, gap };
}

async function answerOf(
  { rows }: Pick<HierarchyPorts, 'rows'>,
  transaction: Transaction,
  id: string,
  held: HeldLog | undefined,
): Promise<LogAnswer> {
  const gap = openGaps(await readGaps(rows, transaction, id)).length > 0;
  return { held: held === undefined ? null : headOf(held), ...(gap ? { gap } : {}) };
}

/** After the commit: the countersignature, and this server's own checkpoint for the secondary to keep. */
export async function completeLogAnswer(
  { checkpoints, clock }: Pick<HierarchyPorts, 'checkpoints' | 'clock'>,
  { answer, accepted }: HeardLog,
  { checkpoint }: HeartbeatRequest,
): Promise<LogAnswer | undefined> {
  if (answer === undefined || checkpoints === undefined || checkpoint === undefined) return answer;
  const own = await checkpointMessage(checkpoints, checkpoint.ofPrimary, OWN_YOUNG_MS).catch(() => undefined);
  return {
    ...answer,
    ...(accepted === undefined ? {} : { cosigned: countersign(checkpoints, accepted, clock()) }),
    ...(own === undefined ? {} : { own }),
  };
}
