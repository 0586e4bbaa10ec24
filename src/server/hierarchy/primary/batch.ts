/**
 * Making a batch: keys after a position, opened and written as JSON lines, up to the sender's limits.
 */
import type { Barrier } from '#crypto/barrier.ts';
import type { Position } from '#domain/sequence.ts';
import type { Reader } from '#store/transaction.ts';
import { keyToLine } from '../secondaries/batch-line.ts';
import { toHex } from '#domain/hex.ts';

/**
 * Enough to share a flush and the way there and back, few enough that a lookup at the primary waits 4 ms behind them, and
 * that they are garbage before they are old: batches of 1000 cost a quarter more processor time or half more memory.
 */
const BATCH_KEYS = 250;
/** What a line of 100 kbit/s carries in the time there is. */
const BATCH_BYTES = 1024 * 1024;

export interface Batch {
  readonly start: Position;
  readonly end: Position;
  readonly lines: Uint8Array;
  readonly keys: number;
}

/** The next batch after `start`, or undefined at the head. */
export async function makeBatch(
  reader: Reader,
  barrier: Barrier,
  epoch: string,
  start: Position,
): Promise<Batch | undefined> {
  const rows = await reader.keysAfter(start.seq, BATCH_KEYS);
  if (rows.length === 0) return undefined;
  const lines = [JSON.stringify({ epoch, seq: start.seq, chain: toHex(start.chain) })];
  let bytes = 0;
  let end = start;
  for (const row of rows) {
    if (bytes > BATCH_BYTES) break;
    const line = keyToLine(barrier, row);
    bytes += line.length;
    lines.push(line);
    end = { seq: row.seq, chain: row.chain };
  }
  lines.push(JSON.stringify({ end: { seq: end.seq, chain: toHex(end.chain) } }), '');
  return { start, end, lines: Buffer.from(lines.join('\n')), keys: end.seq - start.seq };
}
