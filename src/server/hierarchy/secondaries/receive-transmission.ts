/**
 * A secondary's transmission, at its primary.
 *
 * Invariants: keys and cursor are committed together or not at all; a batch is taken only if it continues from the
 * cursor; option and DMZ mark are checked in the transaction that stores; a record that does not fit is refused alone,
 * with its reason beside the cursor, and the rest is stored; a batch is charged to its sender's budget once, when it is
 * committed, however often the store runs the work.
 */
import { parseJson } from '#domain/bounded-json.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import type { Member } from '#domain/member.ts';
import { nextChainValue, type Position, SEQUENCE_START, samePosition } from '#domain/sequence.ts';
import { BatchLines, batchIncomplete, boundPutOff } from '#domain/transmission.ts';
import { formed } from '#protocol/forms.ts';
import { type TransmissionAnswer, TransmissionEnd, TransmissionStart } from '#protocol/messages.ts';
import type { Cursor, RefusedKey } from '#store/rows.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Refusals } from '../../audit/refusals.ts';
import type { Amount, Budget } from '../../members/budget.ts';
import type { MemberBudgets } from '../../members/member-budgets.ts';
import { recordKeys } from '../../records/record-keys.ts';
import { isDiskLow } from '../../repository/low-disk.ts';
import { readOptions } from '../../repository/settings.ts';
import { type ReceivedLine, readLine } from '../batch.ts';
import type { HierarchyPorts } from '../ports.ts';
import { judgeSecondaryLink } from './judge-secondary.ts';

interface ReceivedBatch {
  readonly epoch: string;
  readonly start: Position;
  readonly end: Position;
  readonly lines: readonly ReceivedLine[];
  readonly bytes: number;
}

export interface TransmissionPorts
  extends Omit<HierarchyPorts, 'timers' | 'random' | 'hierarchyChanged' | 'introduction' | 'treeChanged'> {
  readonly budgets: MemberBudgets;
  readonly refusals: Refusals;
}

export async function receiveTransmission(
  ports: TransmissionPorts,
  caller: Member,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  body: AsyncIterable<Uint8Array>,
): Promise<TransmissionAnswer> {
  const batch = await readBatch(body);
  const lowDisk = await isDiskLow(ports.store);
  const budget = ports.budgets.secondary.custody;
  const amount: Amount = { calls: 1, records: batch.lines.length, bytes: batch.bytes };
  const { answer, recorded } = await ports.store.write(async (transaction) => {
    // The member's row is read again here: it may have been removed or marked DMZ while the batch travelled.
    const member = await requireCaller(transaction);
    return storeBatch(ports, transaction, member, batch, putOffMs(budget, member.id, amount, lowDisk));
  });
  if (answer.outcome === 'received') budget.charge(caller.id, amount);
  if (answer.outcome === 'later') await noteDeferred(ports, caller.id, { lowDisk, waitMs: answer.waitMs });
  if (recorded > 0) ports.keysRecorded.raise();
  return answer;
}

/** How long the batch is deferred; undefined if it is taken now. */
function putOffMs(budget: Budget, id: string, amount: Amount, lowDisk: boolean): number | undefined {
  if (lowDisk) return boundPutOff(undefined);
  return budget.fits(id, amount) ? undefined : boundPutOff(budget.msUntil(id, amount));
}

/** Counted, as refusals are: a secondary that does not wait must not fill the log. */
async function noteDeferred(
  ports: TransmissionPorts,
  secondary: string,
  because: { readonly lowDisk: boolean; readonly waitMs: number | undefined },
): Promise<void> {
  const by = `secondary:${secondary}`;
  const isFirst = await ports.refusals.note(by, 'later', {
    event: 'call-refused',
    by,
    caller: by,
    code: 'later',
    route: 'transmit',
  });
  if (!isFirst) return;
  ports.log.warn({ event: 'transmission-deferred', secondary, ...because }, 'a transmission was deferred');
}

async function storeBatch(
  ports: Pick<
    HierarchyPorts,
    'audit' | 'barrier' | 'clock' | 'reported' | 'rows' | 'server' | 'store' | 'wanted'
  >,
  transaction: Transaction,
  member: Member,
  batch: ReceivedBatch,
  waitMs: number | undefined,
): Promise<{ answer: TransmissionAnswer; recorded: number }> {
  const options = await readOptions(ports.rows, transaction);
  const cursor = await transaction.cursor(member.id, batch.epoch);
  const position: Position = cursor ?? SEQUENCE_START;
  const answer = (
    outcome: TransmissionAnswer['outcome'],
    at: Position,
    refused: TransmissionAnswer['refused'] = [],
  ): TransmissionAnswer => ({
    outcome,
    acknowledged: { seq: at.seq, chain: toHex(at.chain) },
    refused,
    useHierarchy: options.useHierarchy,
    dmz: member.dmz,
  });
  const verdict = await judgeSecondaryLink(ports, transaction, options, member);
  if (verdict !== 'open') return { answer: answer('closed', position), recorded: 0 };
  if (!continuesFrom(cursor, batch.start)) {
    return { answer: answer('discontinuous', position), recorded: 0 };
  }
  if (waitMs !== undefined) return { answer: { ...answer('later', position), waitMs }, recorded: 0 };
  const { refused, recorded } = await recordLines(ports, transaction, member, batch);
  await transaction.putCursor({ ...cursor, ...batch.end });
  await transaction.putRefusedKeys(refused);
  await ports.audit.append(transaction, [
    {
      event: 'transmission-received',
      by: `secondary:${member.id}`,
      secondary: member.id,
      epoch: batch.epoch,
      to: batch.end.seq,
      recorded,
      refused: refused.length,
    },
  ]);
  return {
    answer: answer(
      'received',
      batch.end,
      refused.map(({ seq, keyId, reason }) => ({ seq, id: keyId, reason })),
    ),
    recorded,
  };
}

/** Without a cursor the epoch was never heard of: a heartbeat must come first. */
function continuesFrom(cursor: Cursor | undefined, start: Position): cursor is Cursor {
  return cursor !== undefined && samePosition(cursor, start);
}

async function recordLines(
  ports: Pick<HierarchyPorts, 'audit' | 'barrier' | 'clock' | 'wanted'>,
  transaction: Transaction,
  member: Member,
  batch: ReceivedBatch,
): Promise<{ refused: RefusedKey[]; recorded: number }> {
  const refused: RefusedKey[] = [];
  const at = ports.clock();
  const refuse = (index: number, keyId: string, reason: string) =>
    refused.push({
      memberId: member.id,
      epoch: batch.epoch,
      seq: batch.start.seq + index + 1,
      keyId,
      reason,
      at,
    });
  const keys: CheckedKey[] = [];
  const indexes: number[] = [];
  batch.lines.forEach((line, index) => {
    if (line.ok) {
      keys.push(line.key);
      indexes.push(index);
    } else {
      refuse(index, line.id, line.reason);
    }
  });
  const outcomes = await recordKeys(ports, transaction, keys, `secondary:${member.id}`);
  let recorded = 0;
  outcomes.forEach((outcome, at) => {
    if (outcome.outcome === 'new') recorded += 1;
    if (outcome.outcome === 'conflict') {
      refuse(indexes[at]!, keys[at]!.complete.key.id, 'this server has a different record with this id');
    }
  });
  return { refused, recorded };
}

/** Reads and checks a whole batch, holding at most one batch's bytes. Throws if it is not a batch or not whole. */
async function readBatch(body: AsyncIterable<Uint8Array>): Promise<ReceivedBatch> {
  const splitter = new BatchLines();
  const lines: ReceivedLine[] = [];
  let start: { epoch: string; position: Position } | undefined;
  let end: Position | undefined;
  let chain: Uint8Array = new Uint8Array(0);
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    for (const line of splitter.push(piece)) {
      if (end !== undefined) throw batchIncomplete('it continues after its end');
      if (start === undefined) {
        start = readStart(line);
        chain = start.position.chain;
      } else if (line.startsWith('{"end":')) {
        end = readEnd(line);
      } else {
        const received = readLine(line);
        chain = nextChainValue(chain, received.ok ? received.key.digest : received.digest);
        lines.push(received);
      }
    }
  }
  splitter.end();
  if (start === undefined || end === undefined) throw batchIncomplete('it has no end line');
  const reached: Position = { seq: start.position.seq + lines.length, chain };
  if (!samePosition(reached, end)) throw batchIncomplete('its end line does not match the keys before it');
  return { epoch: start.epoch, start: start.position, end, lines, bytes };
}

function readStart(line: string): { epoch: string; position: Position } {
  const parsed = formed(TransmissionStart, parseLine(line));
  if (!parsed.ok) throw batchIncomplete('its first line does not say where it continues from');
  const { epoch, seq, chain } = parsed.value;
  return { epoch, position: { seq, chain: Buffer.from(chain, 'hex') } };
}

function readEnd(line: string): Position {
  const parsed = formed(TransmissionEnd, parseLine(line));
  if (!parsed.ok) throw batchIncomplete('its end line is malformed');
  const { seq, chain } = parsed.value.end;
  return { seq, chain: Buffer.from(chain, 'hex') };
}

function parseLine(line: string): unknown {
  try {
    return parseJson(line, KEY_JSON);
  } catch (cause) {
    throw new KeystairError('batch-incomplete', 'the transmission has a line that is not JSON', {
      nextStep: 'nothing was stored; compare the versions of both servers',
      cause,
    });
  }
}
