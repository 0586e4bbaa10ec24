/**
 * The latest time that this server knows besides its clock: the time of its audit log. A clock that was set back or
 * lost its battery must not revive what had expired, so every expiry is checked against both.
 *
 * Invariant: what was made while the clock stood behind a known time lives by the clock alone. Otherwise one hour with
 * a clock that was wrong the other way would end everything for as long as it was ahead.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { CLOCK_BEHIND_MS_MIN } from '#domain/limits.ts';
import type { Reader } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from './ports.ts';

type TimePorts = Pick<ServerPorts, 'rows' | 'clock'>;

/** Stored if a start found the clock behind: the next events carry the clock's time and would hide it. */
interface KnownTimeRow {
  readonly at: string;
}

/** Something that expires, and the time that was known when it was made. An earlier release did not note that time. */
export interface Expiring {
  readonly expiresAt: string;
  readonly knownAt?: string | undefined;
}

const ROW = 'known-time';

/** Unix ms. The clock's time if nothing later is known. */
export async function latestTime(ports: TimePorts, reader: Reader): Promise<number> {
  const row = await ports.rows.get<KnownTimeRow>(reader, 'setting', ROW);
  return Math.max(ports.clock(), row === undefined ? 0 : Date.parse(row.at), await lastEventTime(reader));
}

/** Whether it has expired by the clock, or had expired when the last event was written. */
export async function isExpired(ports: TimePorts, reader: Reader, expiring: Expiring): Promise<boolean> {
  if (ports.clock() >= Date.parse(expiring.expiresAt)) return true;
  return hasExpired(expiring, ports.clock(), await latestTime(ports, reader));
}

/** The same for many things at one time. @param latest what `latestTime` says. */
export function hasExpired({ expiresAt, knownAt }: Expiring, now: number, latest: number): boolean {
  const end = Date.parse(expiresAt);
  return now >= end || (latest >= end && latest > Date.parse(knownAt ?? isoTime(0)));
}

/**
 * The known time that the clock is behind. Undefined if it is not behind, or by no more than an ordinary clock
 * correction.
 */
export async function timeAhead(ports: TimePorts, reader: Reader): Promise<string | undefined> {
  const latest = await latestTime(ports, reader);
  return latest - ports.clock() < CLOCK_BEHIND_MS_MIN ? undefined : isoTime(latest);
}

/** At the start: reports a clock that is behind, and stores the known time. */
export async function noteTimeAhead(
  ports: Pick<ServerPorts, 'rows' | 'clock' | 'store' | 'log'>,
): Promise<void> {
  const { rows, store, clock, log } = ports;
  const at = await timeAhead(ports, store.reader);
  if (at === undefined) return;
  log.warn(
    { event: 'clock-behind', clock: isoTime(clock()), lastEvent: at },
    clockBehindSentence(clock(), at),
  );
  const row: KnownTimeRow = { at };
  await store.write((transaction) => rows.put(transaction, 'setting', ROW, row));
}

export function clockBehindSentence(now: number, knownTime: string): string {
  return `the clock of this server says ${isoTime(now)}, but its audit log already reached ${knownTime}; set the clock; if it is right now and was wrong then, this warning ends at that time`;
}

async function lastEventTime(reader: Reader): Promise<number> {
  const { seq } = await reader.auditHead();
  const [last] = await reader.auditAfter(seq - 1, 1);
  if (last === undefined) return 0;
  try {
    const { at } = parseJson(last.event, ROW_JSON) as { readonly at?: unknown };
    const time = typeof at === 'string' ? Date.parse(at) : 0;
    return Number.isNaN(time) ? 0 : time;
  } catch {
    // An altered row, which `server verify` names.
    return 0;
  }
}
