/**
 * Transmission: sends every key that the primary has not acknowledged, batch after batch, while the link is open.
 *
 * Invariants: option and DMZ mark of both ends are checked before each batch; the audit event is durable before a batch
 * leaves; a key counts as acknowledged only after the primary said that it is durable there.
 */
import { judgeAcknowledged, type Position } from '#domain/sequence.ts';
import { boundPutOff } from '#domain/transmission.ts';
import type { TransmissionAnswer } from '#protocol/messages.ts';
import type { Timers } from '../../environment/environment.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { type Batch, makeBatch } from '../batch.ts';
import { startEpoch, UNKNOWN_SEQUENCE } from './heartbeat.ts';
import type { PrimaryLink } from './primary-link.ts';
import { primaryContactId, type PrimaryRow } from './primary-row.ts';

/**
 * A single key times out as any other call does. A batch of 1 MiB has 102 s, less than a receiver waits for it. A line
 * of 100 kbit/s carries that much; what it cannot carry in that time it could not carry in the next attempt either.
 */
const TRANSMIT_MS_MIN = 15_000;
const TRANSMIT_BYTES_A_MS_MIN = 12;

export type TransmitOutcome =
  /** Every key was acknowledged, or the link is closed to keys. */
  | {
      readonly outcome: 'done';
      readonly position: Position;
      readonly transmitted: number;
      readonly closed: boolean;
    }
  /** The primary defers transmissions for at least this long. */
  | {
      readonly outcome: 'put-off';
      readonly position: Position;
      readonly transmitted: number;
      readonly waitMs: number;
    }
  /** The cursor is elsewhere, or the epoch ended: start again with a heartbeat. */
  | { readonly outcome: 'heartbeat-first'; readonly transmitted: number };

/**
 * While the primary works on a batch, the next one is read, opened and written to the audit log, and the previous
 * answer is noted, so the slower end sets the pace. If the link closes, a batch in preparation is dropped; its audit
 * event then names keys that were about to leave and did not.
 */
export async function transmit(
  ports: Omit<ServerPorts, 'server' | 'wanted' | 'keysRecorded' | 'hierarchyChanged' | 'treeChanged'>,
  link: PrimaryLink,
  from: { readonly primary: PrimaryRow; readonly epoch: string; readonly acknowledged: Position },
): Promise<TransmitOutcome> {
  const { reader } = ports.store;
  const { epoch } = from;
  let position = from.acknowledged;
  let transmitted = 0;
  let prepared: Promise<Batch | undefined> | undefined;
  let noted: Promise<void> = Promise.resolve();
  const isOpen = async (): Promise<boolean> => {
    const { primary, verdict } = await link.judge(reader);
    return primary?.id === from.primary.id && verdict === 'open';
  };
  const done = async (closed: boolean): Promise<TransmitOutcome> => {
    await noted;
    return { outcome: 'done', position, transmitted, closed };
  };
  for (;;) {
    if (prepared === undefined) {
      if (!(await isOpen())) return done(false);
      prepared = prepareBatch(ports, from, position);
    }
    const batch = await prepared;
    if (batch === undefined) return done(false);
    // Checked just before the batch leaves: reading and flushing took a moment.
    const { primary, verdict } = await link.judge(reader);
    if (primary?.id !== from.primary.id || verdict !== 'open') return done(false);
    link.noteTransmitted(batch.end.seq);
    const sent = link
      .call(primary, true, (calls, signal) =>
        calls.transmit(batch.lines, { signal, timeoutMs: transmitMs(batch.lines.length) }),
      )
      .then((answer) => {
        // At once: noting the previous answer takes a moment, in which this server may leave that primary.
        link.recordReport(primary, answer);
        return answer;
      });
    prepared = onItsWay(ports.timers).then(() => prepareBatch(ports, from, batch.end));
    // A failure is handled where it is awaited.
    prepared.catch(() => undefined);
    const [answer] = await Promise.all([sent, noted]);
    const acknowledged: Position = {
      seq: answer.acknowledged.seq,
      chain: Buffer.from(answer.acknowledged.chain, 'hex'),
    };
    if (judgeAcknowledged(acknowledged, await reader.chainAt(acknowledged.seq)) === 'new-epoch') {
      await startEpoch(ports, UNKNOWN_SEQUENCE, epoch);
      return { outcome: 'heartbeat-first', transmitted };
    }
    transmitted += Math.max(0, acknowledged.seq - position.seq);
    noted = noteAnswer(ports, link, primary, epoch, position, acknowledged, answer);
    noted.catch(() => undefined);
    if (acknowledged.seq !== batch.end.seq) prepared = undefined;
    position = acknowledged;
    if (answer.outcome === 'received') continue;
    await noted;
    switch (answer.outcome) {
      case 'discontinuous':
        return { outcome: 'heartbeat-first', transmitted };
      case 'closed':
        return done(true);
      case 'later':
        return { outcome: 'put-off', position, transmitted, waitMs: boundPutOff(answer.waitMs) };
    }
  }
}

function transmitMs(bytes: number): number {
  return TRANSMIT_MS_MIN + Math.ceil(bytes / TRANSMIT_BYTES_A_MS_MIN);
}

/** Opening a batch blocks this thread, so the previous batch is first written to the primary. */
function onItsWay(timers: Timers): Promise<void> {
  return new Promise((resolve) => timers.after(0, resolve));
}

/** The batch after a position, its audit event durable; undefined at the head. */
async function prepareBatch(
  ports: Pick<ServerPorts, 'audit' | 'barrier' | 'store'>,
  { epoch, primary }: { readonly epoch: string; readonly primary: PrimaryRow },
  start: Position,
): Promise<Batch | undefined> {
  const batch = await makeBatch(ports.store.reader, ports.barrier, epoch, start);
  if (batch === undefined) return undefined;
  await ports.audit.record({
    event: 'keys-transmitted',
    by: 'server',
    from: batch.start.seq + 1,
    to: batch.end.seq,
    epoch,
    primary: primary.id,
  });
  return batch;
}

async function noteAnswer(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'log' | 'store'>,
  link: PrimaryLink,
  primary: PrimaryRow,
  epoch: string,
  before: Position,
  acknowledged: Position,
  answer: TransmissionAnswer,
): Promise<void> {
  link.noteAcknowledged(acknowledged.seq);
  if (acknowledged.seq === before.seq && answer.refused.length === 0) return;
  const at = ports.clock();
  await ports.store.write(async (transaction) => {
    await transaction.putRefusedKeys(
      answer.refused.map(({ seq, id, reason }) => ({ memberId: '', epoch, seq, keyId: id, reason, at })),
    );
    await transaction.putContact({
      id: primaryContactId(primary),
      lastHeartbeatAt: at,
      body: link.memory(),
    });
    await ports.audit.append(transaction, [
      {
        event: 'keys-acknowledged',
        by: `primary:${primary.id}`,
        to: acknowledged.seq,
        refused: answer.refused.length,
        epoch,
        primary: primary.id,
      },
    ]);
  });
  for (const { id, reason } of answer.refused) {
    ports.log.warn(
      { event: 'key-refused', key: id, reason, primary: primary.id },
      'the primary refused a key',
    );
  }
}
