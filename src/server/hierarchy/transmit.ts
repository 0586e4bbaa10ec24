/**
 * Transmission: sends every key the primary has not acknowledged, batch after batch, while the link is open.
 *
 * Invariants: option and DMZ mark of both ends are looked at before each batch; the audit event is durable before a
 * batch leaves; a key counts as acknowledged only after the primary said that it is durable there.
 */
import { KeystairError } from '#domain/errors.ts';
import { judgeAcknowledged, type Position } from '#domain/sequence.ts';
import type { TransmissionAnswer } from '#protocol/messages.ts';
import type { ServerPorts } from '../ports.ts';
import { type Batch, makeBatch } from './batch.ts';
import { startEpoch } from './heartbeat.ts';
import type { PrimaryLink } from './primary-link.ts';
import type { PrimaryRow } from './primary-row.ts';

/** A batch of 8 MiB over a line of 1 Mbit/s takes about this long. */
const TRANSMIT_MS_MAX = 110_000;

export type TransmitOutcome =
  /** Everything there is was acknowledged, or the link is closed to keys. */
  | {
      readonly outcome: 'done';
      readonly position: Position;
      readonly transmitted: number;
      readonly closed: boolean;
    }
  /** The cursor is elsewhere, or the epoch ended: begin again with a heartbeat. */
  | { readonly outcome: 'heartbeat-first'; readonly transmitted: number };

export async function transmit(
  ports: ServerPorts,
  link: PrimaryLink,
  from: { readonly primary: PrimaryRow; readonly epoch: string; readonly acknowledged: Position },
): Promise<TransmitOutcome> {
  const { reader } = ports.store;
  const prepare = (start: Position) => makeBatch(reader, ports.barrier, from.epoch, start);
  let position = from.acknowledged;
  let transmitted = 0;
  let prepared: Promise<Batch | undefined> | undefined;
  for (;;) {
    const { primary, verdict } = await link.judge(reader);
    // The batch that is in preparation is dropped with its promise observed.
    if (primary?.id !== from.primary.id || verdict !== 'open') {
      await prepared;
      return { outcome: 'done', position, transmitted, closed: false };
    }
    const batch = await (prepared ?? prepare(position));
    if (batch === undefined) return { outcome: 'done', position, transmitted, closed: false };
    await ports.audit.record({
      event: 'keys-transmitted',
      by: 'server',
      from: batch.start.seq + 1,
      to: batch.end.seq,
      epoch: from.epoch,
      primary: primary.id,
    });
    // Looked at again: the flush took a moment.
    if ((await link.judge(reader)).verdict !== 'open')
      return { outcome: 'done', position, transmitted, closed: false };
    link.noteTransmitted(batch.end.seq);
    const sent = link.call(primary, true, (calls, signal) =>
      calls.transmit(batch.lines, { signal, timeoutMs: TRANSMIT_MS_MAX }),
    );
    // While the primary works, the next batch is made; a failure of it is met when it is awaited.
    prepared = prepare(batch.end);
    prepared.catch(() => undefined);
    const answer = await sent;
    const acknowledged: Position = {
      seq: answer.acknowledged.seq,
      chain: Buffer.from(answer.acknowledged.chain, 'hex'),
    };
    link.noteHeard(answer);
    if (judgeAcknowledged(acknowledged, await reader.chainAt(acknowledged.seq)) === 'new-epoch') {
      await startEpoch(ports, 'the primary had received a sequence that this repository does not hold');
      return { outcome: 'heartbeat-first', transmitted };
    }
    transmitted += Math.max(0, acknowledged.seq - position.seq);
    await noteAnswer(ports, link, primary, from.epoch, position, acknowledged, answer);
    const asExpected = acknowledged.seq === batch.end.seq;
    position = acknowledged;
    switch (answer.outcome) {
      case 'received':
        if (!asExpected) prepared = undefined;
        continue;
      case 'discontinuous':
        return { outcome: 'heartbeat-first', transmitted };
      case 'closed':
        return { outcome: 'done', position, transmitted, closed: true };
      case 'later':
        throw new KeystairError('later', `${primary.name} takes no more transmissions for now`, {
          nextStep:
            'it has little disk space or its hourly budget for this server is used up; the rest is sent later by itself',
        });
    }
  }
}

async function noteAnswer(
  ports: ServerPorts,
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
    await transaction.putContact({ id: primary.id, lastHeartbeatAt: at, body: link.memory() });
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
