/**
 * Lists events for people, oldest first. Invariant: one page takes bounded time and memory, however long the log is and
 * however few events match. If a search does not reach the end, the answer says how far it got.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { AuditRow } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';

export interface EventsWanted {
  readonly find?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** A line number. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

export interface FoundEvent {
  readonly number: number;
  readonly at: string;
  readonly event: string;
  readonly by: string;
  readonly line: string;
}

export interface FoundEvents {
  readonly events: FoundEvent[];
  /** The last line that was searched. */
  readonly searched: number;
  readonly isEnd: boolean;
}

const PAGE_DEFAULT = 100;
/** Lines read between two turns of the event loop, which takes some 5 ms. */
const BITE_LINES = 1000;
/** Lines searched for one page, which takes some 200 ms. */
const SEARCHED_LINES_MAX = 50_000;
/** Characters of all lines in one page. */
const PAGE_LENGTH_MAX = 4 * 1024 * 1024;
/** Every line begins with its time. */
const TIME = /^\{"at":"([^"]{1,40})"/;

export async function listEvents(
  reader: Reader,
  { find, since, until, after = 0, limit = PAGE_DEFAULT }: EventsWanted,
): Promise<FoundEvents> {
  const sought = find?.toLowerCase();
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  const to = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
  const events: FoundEvent[] = [];
  let length = 0;
  let at = after;
  for (const end = after + SEARCHED_LINES_MAX; at < end; ) {
    const rows = await reader.auditAfter(at, BITE_LINES);
    for (const row of rows) {
      at = row.seq;
      if (!isWanted(row, sought, from, to)) continue;
      const found = foundEvent(row);
      events.push(found);
      length += found.line.length;
      if (events.length >= limit || length >= PAGE_LENGTH_MAX) return { events, searched: at, isEnd: false };
    }
    if (rows.length < BITE_LINES) return { events, searched: at, isEnd: true };
    await new Promise(setImmediate);
  }
  return { events, searched: at, isEnd: false };
}

function isWanted({ event }: AuditRow, sought: string | undefined, from: number, to: number): boolean {
  if (from !== Number.NEGATIVE_INFINITY || to !== Number.POSITIVE_INFINITY) {
    const time = Date.parse(TIME.exec(event)?.[1] ?? '');
    if (!(time >= from && time < to)) return false;
  }
  return sought === undefined || event.toLowerCase().includes(sought);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An altered line is shown as it is: `server verify` names it. */
function foundEvent({ seq, event: line }: AuditRow): FoundEvent {
  let event: Readonly<Record<string, unknown>> = {};
  try {
    event = parseJson(line, ROW_JSON) as typeof event;
  } catch {
    // Not JSON, so it has no fields to show.
  }
  const field = (name: string, most: number): string => textOf(event[name]).slice(0, most);
  return { number: seq, at: field('at', 255), event: field('event', 255), by: field('by', 510), line };
}
