/**
 * Finds keys by everything that a person may ask for. PostgreSQL narrows down, never too far, and `fits` decides.
 * Invariant: one search looks at a bounded number of keys, and says how far it came.
 */
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import { behind, fits, type KeySpan, spansOf } from '../key-span.ts';
import { fieldsPattern, idPattern, kindMark } from '../key-text.ts';
import type { StoredKey } from '../rows.ts';
import type { FoundKeys, KeyFilter } from '../transaction.ts';
import type { Ask } from './ask.ts';
import { KEY_COLUMNS, keyOf } from './row-forms.ts';
import type { Value } from './session.ts';

/** Questions of one search, after which a page is answered, however short. */
const QUESTIONS_MAX = 8;
/** Keys that one question looks at: some 10 ms. */
const WINDOW_KEYS = 8192;
/** Beyond the page, for those that PostgreSQL finds and `fits` does not. */
const FEW_KEYS = 16;

interface Taken {
  readonly rows: readonly StoredKey[];
  /** The number up to which nothing else of the span fits; null where nothing is left of it. */
  readonly end: number | null;
}

export async function findKeys(ask: Ask, filter: KeyFilter): Promise<FoundKeys> {
  const { text, limit } = filter;
  const found: StoredKey[] = [];
  // Nothing that is searched is longer.
  if (text !== undefined && text.length > NAME_LENGTH_MAX) return { keys: found, searchedTo: null };
  const spans = [...spansOf(filter)];
  for (let questions = 0; questions < QUESTIONS_MAX && spans.length > 0; questions += 1) {
    const span = spans[0]!;
    const { rows, end } = await take(ask, filter, span, limit - found.length + FEW_KEYS);
    for (const row of rows) {
      if (!fits(row, filter)) continue;
      found.push(row);
      if (found.length === limit) return { keys: found, searchedTo: row.seq };
    }
    if (end === null) spans.shift();
    else spans[0] = behind(span, end);
  }
  const next = spans[0];
  if (next === undefined) return { keys: found, searchedTo: null };
  return { keys: found, searchedTo: next.order === 'oldest' ? next.above : next.below };
}

async function take(ask: Ask, filter: KeyFilter, span: KeySpan, most: number): Promise<Taken> {
  const window = filter.deviceId === undefined ? await windowOf(ask, span) : span;
  if (window === undefined) return { rows: [], end: null };
  const values: Value[] = [window.above, window.below];
  const mark = (value: Value): string => `$${values.push(value)}`;
  const conditions = ['seq > $1', 'seq < $2', ...conditionsOf(filter, mark)];
  const text = `
    SELECT ${KEY_COLUMNS} FROM keystair.keys WHERE ${conditions.join(' AND ')}
    ORDER BY seq ${span.order === 'oldest' ? 'ASC' : 'DESC'} LIMIT ${mark(most)}`;
  const rows = (await ask(['keys', 'trusted_rows'], text, values)).map(keyOf);
  if (rows.length === most) return { rows, end: rows.at(-1)!.seq };
  if (window === span) return { rows, end: null };
  const last = span.order === 'oldest' ? window.below - 1 : window.above + 1;
  // Behind the last key there is nothing yet: a search that went on from there would miss what is recorded meanwhile.
  const more = await firstOf(ask, behind(span, last));
  return { rows, end: more === undefined ? null : last };
}

/** The part of a span that one question looks at; undefined where no key is. */
async function windowOf(ask: Ask, span: KeySpan): Promise<KeySpan | undefined> {
  const first = await firstOf(ask, span);
  if (first === undefined) return undefined;
  return span.order === 'oldest'
    ? { ...span, below: Math.min(span.below, first + WINDOW_KEYS) }
    : { ...span, above: Math.max(span.above, first - WINDOW_KEYS) };
}

async function firstOf(ask: Ask, { above, below, order }: KeySpan): Promise<number | undefined> {
  const text = `
    SELECT seq FROM keystair.keys WHERE seq > $1 AND seq < $2
    ORDER BY seq ${order === 'oldest' ? 'ASC' : 'DESC'} LIMIT 1`;
  return (await ask(['keys'], text, [above, below]))[0]?.[0] as number | undefined;
}

function conditionsOf(
  { deviceId, groups, kind, text, recordedSince, recordedUntil }: KeyFilter,
  mark: (value: Value) => string,
): string[] {
  const conditions: string[] = [];
  // An id of another form is no device's.
  if (deviceId !== undefined)
    conditions.push(UUID_PATTERN.test(deviceId) ? `device = ${mark(deviceId)}` : 'false');
  if (groups !== undefined) {
    conditions.push(`EXISTS (
      SELECT 1 FROM keystair.trusted_rows AS member
      WHERE member.kind = 'member' AND member.place = 'device' AND member.state = 'managed'
        AND member.device_group = ANY(${mark([...groups])}::text[]) AND member.id = keys.device::text)`);
  }
  if (kind !== undefined) conditions.push(`position(${mark(kindMark(kind))} IN fields) > 0`);
  if (recordedSince !== undefined) conditions.push(`recorded_at >= ${mark(recordedSince)}`);
  if (recordedUntil !== undefined) conditions.push(`recorded_at < ${mark(recordedUntil)}`);
  if (text !== undefined) {
    const inFields = `fields ILIKE ${mark(fieldsPattern(text))}`;
    const ofId = idPattern(text);
    conditions.push(
      ofId === null
        ? inFields
        : `(${inFields} OR replace(id::text, '-', '') LIKE ${mark(ofId.toLowerCase())})`,
    );
  }
  return conditions;
}
