/**
 * Finds keys by everything that a person may ask for.
 *
 * Invariants: one search does a bounded amount of work, in bites between which others are served, and says how far it
 * came. SQLite narrows down and `fits` decides, so that every way to a key finds the same keys.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import type { StoredKey } from '../rows.ts';
import type { FoundKeys, KeyFilter, KeyOrder } from '../transaction.ts';
import { behind, fits, type KeySpan, spansOf } from '../key-span.ts';
import { fieldsPattern, idPattern, kindMark } from '../key-text.ts';
import { DEVICE_PART_BITS } from './schema.ts';
import type { KeyMarks, KeysTable } from './keys-table.ts';
import type { Access } from './tables.ts';

/** Bites of one search: some 30 ms, after which a page is answered, however short. */
const BITES_MAX = 3;
/** What one bite may cost, where SQLite's look at one key costs 1: some 10 ms. */
const BITE_COST = 4096;
const COST_OF_QUERY = 16;
const FEW_KEYS = 16;
/** Of a key that SQLite hands over, to be looked at here. */
const COST_OF_ROW = 4;
/** Of a device, sought in one part of the index. */
const COST_OF_DEVICE = 2;
/** So many are sought one by one; where they are more, each key of the sequence is looked at. */
const FEW_DEVICES = 1024;

/** Times that damage left, too: such a row is listed as unreadable. */
const ANY_TIME = { from: -(2n ** 63n), to: 2n ** 63n - 1n };

interface Taken {
  /** In order; they may fit. */
  readonly rows: readonly StoredKey[];
  readonly cost: number;
  /** The number up to which nothing else of the span fits; null where nothing is left of it. */
  readonly end: number | null;
}

/** Takes so many keys at most from the beginning of a span. */
type Take = (keys: KeysTable, span: KeySpan, most: number) => Taken;

interface Bite {
  readonly rows: readonly StoredKey[];
  readonly left: readonly KeySpan[];
}

export async function findKeys(access: Access, filter: KeyFilter): Promise<FoundKeys> {
  const { text, limit } = filter;
  const found: StoredKey[] = [];
  // Nothing that is searched is longer.
  if (text !== undefined && text.length > NAME_LENGTH_MAX) return { keys: found, searchedTo: null };
  const take = await takeOf(access, filter);
  let left = spansOf(filter);
  for (let bites = 0; bites < BITES_MAX && left.length > 0; bites += 1) {
    if (bites > 0) await turn();
    // Most of what SQLite finds fits. Where it does not, the next bites are as long as they may be.
    const enough = bites === 0 ? limit + FEW_KEYS : BITE_COST;
    const bite = await access(({ keys }) => bitten(keys, left, take, enough));
    for (const row of bite.rows) {
      if (!fits(row, filter)) continue;
      found.push(row);
      if (found.length === limit) return { keys: found, searchedTo: row.seq };
    }
    left = bite.left;
  }
  const next = left[0];
  if (next === undefined) return { keys: found, searchedTo: null };
  return { keys: found, searchedTo: next.order === 'oldest' ? next.above : next.below };
}

function bitten(keys: KeysTable, spans: readonly KeySpan[], take: Take, enough: number): Bite {
  const rows: StoredKey[] = [];
  let cost = 0;
  for (const [at, whole] of spans.entries()) {
    let span: KeySpan | undefined = whole;
    while (span !== undefined) {
      const room = Math.min(enough - rows.length, Math.ceil((BITE_COST - cost) / COST_OF_ROW));
      if (room <= 0) return { rows, left: [span, ...spans.slice(at + 1)] };
      const taken = take(keys, span, room);
      rows.push(...taken.rows);
      cost += COST_OF_QUERY + taken.cost;
      span = taken.end === null ? undefined : behind(span, taken.end);
    }
  }
  return { rows, left: [] };
}

async function takeOf(access: Access, filter: KeyFilter): Promise<Take> {
  const { deviceId, groups } = filter;
  if (deviceId === undefined) {
    const marks = marksOf(filter);
    if (groups === undefined)
      return (keys, span, most) => scanned(keys, span, most, (window) => keys.scan(window, marks, most));
    const devices = await access(({ keys }) => keys.devicesOf(groups, FEW_DEVICES + 1));
    if (devices.length <= FEW_DEVICES)
      return (keys, span, most) => ofDevices(keys, devices, marks, span, most);
    return (keys, span, most) =>
      scanned(keys, span, most, (window) => keys.scanGroups(groups, window, marks, most));
  }
  return (keys, span, most) => {
    const rows = keys.byDevice(deviceId, span, most);
    return { rows, cost: rows.length * COST_OF_ROW, end: rows.length < most ? null : rows.at(-1)!.seq };
  };
}

/** Part by part of the index by device. */
function ofDevices(
  keys: KeysTable,
  devices: readonly string[],
  marks: KeyMarks,
  span: KeySpan,
  most: number,
): Taken {
  const first = devices.length === 0 ? undefined : keys.first(span);
  if (first === undefined) return { rows: [], cost: 0, end: null };
  const rows = keys.inPart(first, devices, span, marks, most);
  const isFull = rows.length === most;
  const last = isFull ? rows.at(-1)!.seq : lastInPart(first, span.order);
  const cost = devices.length * COST_OF_DEVICE + rows.length * COST_OF_ROW;
  const isLeft = isFull || keys.first(behind(span, last)) !== undefined;
  return { rows, cost, end: isLeft ? last : null };
}

function lastInPart(seq: number, order: KeyOrder): number {
  const part = Math.floor(seq / 2 ** DEVICE_PART_BITS);
  return order === 'oldest' ? (part + 1) * 2 ** DEVICE_PART_BITS - 1 : part * 2 ** DEVICE_PART_BITS;
}

/** @param scan what it finds in one window. */
function scanned(
  keys: KeysTable,
  span: KeySpan,
  most: number,
  scan: (window: KeySpan) => readonly StoredKey[],
): Taken {
  const first = keys.first(span);
  if (first === undefined) return { rows: [], cost: 0, end: null };
  const window = windowFrom(span, first);
  const rows = scan(window);
  const isFull = rows.length === most;
  const last = isFull ? rows.at(-1)!.seq : lastOf(window);
  const cost = Math.abs(last - first) + rows.length * COST_OF_ROW;
  // After the last key there is nothing yet: a caller that continued from there would miss keys recorded meanwhile.
  const isLeft = isFull || keys.first(behind(span, last)) !== undefined;
  return { rows, cost, end: isLeft ? last : null };
}

/** The part of a span that one query looks at. */
function windowFrom(span: KeySpan, first: number): KeySpan {
  return span.order === 'oldest'
    ? { ...span, below: Math.min(span.below, first + BITE_COST) }
    : { ...span, above: Math.max(span.above, first - BITE_COST) };
}

function lastOf({ above, below, order }: KeySpan): number {
  return order === 'oldest' ? below - 1 : above + 1;
}

function marksOf({ text, kind, recordedSince, recordedUntil }: KeyFilter): KeyMarks {
  return {
    fieldsLike: text === undefined ? '%' : fieldsPattern(text),
    idLike: text === undefined ? null : idPattern(text),
    inFields: kind === undefined ? '' : kindMark(kind),
    recordedFrom: recordedSince ?? ANY_TIME.from,
    recordedTo: recordedUntil === undefined ? ANY_TIME.to : recordedUntil - 1,
  };
}
