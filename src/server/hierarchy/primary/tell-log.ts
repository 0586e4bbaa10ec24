/**
 * This server's audit log, told to its primary with the heartbeat, and what comes back: the primary's countersignature,
 * and its own checkpoint, which this server witnesses in turn.
 */
import type { LogHead } from '#domain/audit-log.ts';
import { parseOrigin, witnessName } from '#domain/checkpoint.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { LogAnswer } from '#protocol/checkpoint-messages.ts';
import type { HeartbeatRequest } from '#protocol/messages.ts';
import type { Reader } from '#store/transaction.ts';
import { holds } from '../../checkpoints/checkpoints.ts';
import {
  type AuditGap,
  judgeCheckpoint,
  keepVerdict,
  readHeld,
  withCountersignature,
} from '../../checkpoints/witness.ts';
import { isoTime } from '../../environment/environment.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';
import type { HierarchyPorts } from '../ports.ts';
import { checkpointMessage } from '../told-checkpoint.ts';

/** A primary's own checkpoint is asked for at least this often, however quiet this server is. */
const PRIMARY_LOG_MS = 60 * 60 * 1000;

type TellPorts = Pick<HierarchyPorts, 'audit' | 'checkpoints' | 'clock' | 'log' | 'rows' | 'store'>;

/** This server's log, as its primary countersigned it. */
export interface Countersigned extends LogHead {
  readonly primary: ServerName;
  /** With the signatures of both. */
  readonly note: string;
  readonly keys: readonly string[];
  /** ISO 8601. */
  readonly at: string;
}

export function readCountersigned(rows: TrustedRows, reader: Reader): Promise<Countersigned | undefined> {
  return rows.get<Countersigned>(reader, 'checkpoint', 'countersigned');
}

/** How the log stands, for every heartbeat. A log whose tree is damaged is not told. */
export async function logStatement({
  checkpoints,
  store,
}: TellPorts): Promise<{ readonly head: LogHead; readonly log: HeartbeatRequest['log'] } | undefined> {
  const head = await checkpoints?.head(store.reader).catch(() => undefined);
  return head === undefined ? undefined : { head, log: { size: head.size, root: head.root } };
}

/**
 * What the primary holds under this log's own origin, if the log is not that one: this repository was rolled back, or
 * runs twice, and must sign nothing more under that origin.
 */
export async function contradiction(
  { store }: Pick<TellPorts, 'store'>,
  own: LogHead,
  { held }: LogAnswer,
): Promise<LogHead | undefined> {
  if (held === null || held.origin !== own.origin) return undefined;
  return (await holds(store.reader, held).catch(() => true)) ? undefined : held;
}

/** The checkpoint that the answer calls for; undefined where it calls for none, or none can be signed. */
export async function wantedCheckpoint(
  { checkpoints, clock, rows, store, log }: TellPorts,
  primary: ServerName,
  answer: LogAnswer | undefined,
): Promise<HeartbeatRequest['checkpoint']> {
  if (checkpoints === undefined) return undefined;
  const ofPrimary = await readHeld(rows, store.reader, primary.id);
  // A primary of an earlier release holds nothing, and never asks.
  if (
    answer === undefined &&
    (ofPrimary === undefined || clock() - Date.parse(ofPrimary.at) < PRIMARY_LOG_MS)
  )
    return undefined;
  const countersigned = await readCountersigned(rows, store.reader);
  const held = answer === undefined ? (countersigned ?? null) : answer.held;
  try {
    const message = await checkpointMessage(checkpoints, held);
    return {
      ...message,
      ofPrimary: ofPrimary === undefined ? null : { origin: ofPrimary.origin, size: ofPrimary.size },
    };
  } catch (error) {
    log.error(
      { event: 'checkpoint-not-signed', error: String(error) },
      'no checkpoint of the audit log was signed',
    );
    return undefined;
  }
}

/** Keeps what the primary answered to a checkpoint. @param note the checkpoint. */
export async function keepLogAnswer(
  ports: TellPorts,
  primary: ServerName,
  note: string,
  answer: LogAnswer,
): Promise<void> {
  const { checkpoints, rows, store, clock, log } = ports;
  if (checkpoints === undefined) return;
  checkpoints.gapAtPrimary = answer.gap === true;
  const { cosigned, own } = answer;
  const signed =
    cosigned === undefined
      ? undefined
      : withCountersignature(note, cosigned, (name) => name === witnessName(primary.id));
  if (signed === undefined && own === undefined) return;
  let gap: AuditGap | undefined;
  await store.write(async (transaction) => {
    gap = undefined;
    if (signed !== undefined && cosigned !== undefined) {
      const { id, name } = primary;
      const row: Countersigned = {
        ...signed.head,
        primary: { id, name },
        note: signed.note,
        keys: cosigned.keys,
        at: isoTime(signed.at),
      };
      await rows.put(transaction, 'checkpoint', 'countersigned', row);
    }
    if (own === undefined) return;
    const held = await readHeld(rows, transaction, primary.id);
    const isOf = (origin: string) => parseOrigin(origin)?.serverId === primary.id;
    const verdict = judgeCheckpoint(held, own, isOf, isoTime(clock()));
    gap = await keepVerdict(ports, transaction, primary.id, held, verdict);
  });
  if (gap !== undefined) {
    log.error(
      { event: 'audit-gap-found', server: primary.id, what: gap.what },
      "the primary's audit log is not the one that was witnessed",
    );
  }
}
