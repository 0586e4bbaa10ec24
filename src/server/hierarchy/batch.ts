/**
 * A batch: the keys after a position as JSON lines, up to the sender's limits. The receiver answers each line with one
 * line. Each key carries its digest, so that refusing one record does not break the chain of the records that follow.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import { idOfWire, keyFromWire, secretsToWire } from '#protocol/wire-key.ts';
import type { Position } from '#domain/sequence.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { openSecrets } from '../records/record-keys.ts';
import { toHex } from '#domain/hex.ts';

/**
 * Large enough to share a flush and a round trip. Small enough that a lookup at the primary waits 4 ms behind them and
 * that they are garbage before they are old: batches of 1000 cost a quarter more processor time or half more memory.
 */
const BATCH_KEYS = 250;
/** What a line of 100 kbit/s carries in the time allowed. */
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

function keyToLine(barrier: Barrier, row: StoredKey): string {
  try {
    const { material, blind } = secretsToWire(openSecrets(barrier, row));
    // Opening the record proved the public fields. The row holds them as the line needs them, so they are copied
    // unparsed.
    return `{"key":{"id":"${row.id}",${row.fields.slice(1)},"material":"${material}","blind":"${blind}","digest":"${toHex(row.digest)}"}`;
  } catch (error) {
    // A damaged record is reported, not skipped, and does not stop the keys behind it.
    if (codeOf(error) !== 'record-unreadable') throw error;
    return JSON.stringify({ key: { id: row.id }, digest: toHex(row.digest), unreadable: true });
  }
}

/** A line as the receiver sees it: a key that fits its id, or a key to refuse alone. */
export type ReceivedLine =
  | { readonly ok: true; readonly key: CheckedKey }
  | { readonly ok: false; readonly id: string; readonly digest: Uint8Array; readonly reason: string };

const DIGEST = /^[0-9a-f]{64}$/;

/** Throws `batch-incomplete` only where the line is no JSON object with a digest; then the whole batch is invalid. */
export function readLine(line: string): ReceivedLine {
  let value: { digest?: unknown; unreadable?: unknown } | null;
  try {
    value = parseJson(line, KEY_JSON) as typeof value;
  } catch (cause) {
    throw notALine(cause);
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    typeof value.digest !== 'string' ||
    !DIGEST.test(value.digest)
  ) {
    throw notALine(undefined);
  }
  const digest = Buffer.from(value.digest, 'hex');
  if (value.unreadable === true) {
    return {
      ok: false,
      id: idOfWire(value),
      digest,
      reason: 'the record is damaged at the sender and does not open there',
    };
  }
  try {
    const key = keyFromWire(value);
    if (Buffer.compare(key.digest, digest) === 0) return { ok: true, key };
    return {
      ok: false,
      id: key.complete.key.id,
      digest,
      reason: "the record's digest differs from the one that the sender stored",
    };
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    return { ok: false, id: idOfWire(value), digest, reason: error.message };
  }
}

function notALine(cause: unknown): KeystairError {
  return new KeystairError('batch-incomplete', 'the transmission has a line that is not a key', {
    nextStep: 'nothing was stored; compare the versions of both servers',
    ...(cause === undefined ? {} : { cause }),
  });
}
