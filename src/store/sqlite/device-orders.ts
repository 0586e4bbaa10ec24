/**
 * Devices of one group in their orders: by name, and by last heartbeat. Each order is an index, walked in either
 * direction; what a device is filtered by is in that index, or one look away from it.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { DEVICE_ORDERS, type DeviceOrder } from '#domain/list-order.ts';
import { DEVICE_STATES } from '#domain/member.ts';
import type { DevicePosition } from '../rows.ts';
import type { DeviceFilter } from '../transaction.ts';
import { prepareQuery, type Query, type Row } from './statement.ts';

export interface DeviceOrders {
  /** The groups that rows of devices name. */
  groups(order: DeviceOrder): readonly string[];
  /** The position of the group's nth device to look at behind this one; undefined where there are fewer. */
  nth(
    filter: DeviceFilter,
    group: string,
    after: DevicePosition | undefined,
    n: number,
  ): DevicePosition | undefined;
  /** The first devices that fit behind `after`, up to `last`, or to the end. */
  find(
    filter: DeviceFilter,
    group: string,
    after: DevicePosition | undefined,
    last: DevicePosition | undefined,
    limit: number,
  ): DevicePosition[];
}

/** SQLite sorts any bytes behind any text and any number. */
const BEHIND_ALL = Uint8Array.of(0xff);
const LAST_TIME = Number.MAX_SAFE_INTEGER;
const NEVER = -1;

interface Walk {
  /** Tables, where one index has all that is asked for, and where it has not. */
  readonly from: readonly [narrow: string, wide: string];
  readonly where: string;
  /** The columns of the order. */
  readonly by: string;
  readonly id: string;
  readonly state: string;
  readonly group: string;
}

type Border = readonly [by: SQLInputValue, id: SQLInputValue];

const MEMBERS = 'trusted_rows AS member';
const NAMED = `${MEMBERS} INDEXED BY devices_by_group`;
const HEARD_OF = 'contacts INDEXED BY devices_by_silence';
const BY_NAME: Walk = {
  from: [NAMED, `${NAMED} LEFT JOIN contacts ON contacts.id = member.id`],
  where: "member.kind = 'member' AND member.place = 'device'",
  by: 'sort_name',
  id: 'member.id',
  state: 'member.state',
  group: 'member.device_group',
};
const BY_SILENCE: Walk = {
  from: [HEARD_OF, `${HEARD_OF} CROSS JOIN ${MEMBERS} ON member.kind = 'member' AND member.id = contacts.id`],
  where: 'device_state IS NOT NULL',
  by: 'heard_at',
  id: 'contacts.id',
  state: 'device_state',
  group: 'contacts.device_group',
};
const WALKS: Readonly<Record<DeviceOrder, { readonly walk: Walk; readonly rises: boolean }>> = {
  'a-z': { walk: BY_NAME, rises: true },
  'z-a': { walk: BY_NAME, rises: false },
  'longest-silent': { walk: BY_SILENCE, rises: true },
  'last-heard': { walk: BY_SILENCE, rises: false },
};
/** A device without a contact was never heard. */
const HEARD = 'ifnull(heard_at, -1) BETWEEN ? AND ?';
const TEXT = '(instr(sort_name, ?) OR instr(member.id, ?))';

interface Prepared {
  readonly groups: Query;
  readonly nth: Query;
  /** Filters by what the index has; and by text and heartbeat both. */
  readonly find: readonly [narrow: Query, wide: Query];
}

function positionOf([by, id]: Row): DevicePosition {
  return { by: by as string | number, id: String(id) };
}

export function prepareDeviceOrders(connection: DatabaseSync): DeviceOrders {
  const prepare = (order: DeviceOrder): Prepared => {
    const { walk, rises } = WALKS[order];
    const { by, id, group, where } = walk;
    const [narrow, wide] = walk.from;
    const place = `(${by}, ${id})`;
    const sorted = rises ? `ORDER BY ${by}, ${id}` : `ORDER BY ${by} DESC, ${id} DESC`;
    const between = rises
      ? `${place} > (?, ?) AND ${place} <= (?, ?)`
      : `${place} < (?, ?) AND ${place} >= (?, ?)`;
    const select = (from: string): string =>
      `SELECT ${by}, ${id} FROM ${from} WHERE ${where} AND ${group} = ? AND ${between}`;
    const inState = `instr(?, ${walk.state})`;
    const least = (more: string): string => `SELECT min(${group}) FROM ${narrow} WHERE ${where}${more}`;
    return {
      // From group to group, not from device to device.
      groups: prepareQuery(
        connection,
        `WITH RECURSIVE named (name) AS (
           ${least('')} UNION ALL SELECT (${least(` AND ${group} > named.name`)}) FROM named WHERE name IS NOT NULL)
         SELECT name FROM named WHERE name IS NOT NULL`,
      ),
      nth: prepareQuery(connection, `${select(narrow)} ${sorted} LIMIT 1 OFFSET ?`),
      find: [
        prepareQuery(
          connection,
          `${select(narrow)} AND ${inState} ${walk === BY_NAME ? `AND ${TEXT}` : ''} ${sorted} LIMIT ?`,
        ),
        prepareQuery(connection, `${select(wide)} AND ${inState} AND ${TEXT} AND ${HEARD} ${sorted} LIMIT ?`),
      ],
    };
  };
  const prepared = Object.fromEntries(
    DEVICE_ORDERS.map((order) => [order, prepare(order)]),
  ) as unknown as Readonly<Record<DeviceOrder, Prepared>>;

  return {
    groups: (order) => prepared[order].groups.all().map(([group]) => String(group)),
    nth(filter, group, after, n) {
      const row = prepared[filter.order].nth.first(group, ...bordersOf(filter, after, undefined), n - 1);
      return row === undefined ? undefined : positionOf(row);
    },
    find(filter, group, after, last, limit) {
      const { order, states = DEVICE_STATES, text } = filter;
      const isWide = needsBoth(filter);
      return prepared[order].find[isWide ? 1 : 0]
        .all(
          group,
          ...bordersOf(filter, after, last),
          states.join(' '),
          ...(isWide || WALKS[order].walk === BY_NAME ? [text?.sortName ?? '', text?.id ?? ''] : []),
          ...(isWide ? timesOf(filter) : []),
          limit,
        )
        .map(positionOf);
    },
  };
}

/** The first and the last time, both included. */
function timesOf({ heardSince, silentSince }: DeviceFilter): readonly [SQLInputValue, SQLInputValue] {
  return [
    heardSince === undefined ? NEVER : Math.max(0, heardSince),
    silentSince === undefined ? LAST_TIME : Math.max(0, silentSince) - 1,
  ];
}

/** Where a walk begins, which is not part of it, and where it ends, which is. */
function bordersOf(
  filter: DeviceFilter,
  after: DevicePosition | undefined,
  last: DevicePosition | undefined,
): readonly SQLInputValue[] {
  const { walk, rises } = WALKS[filter.order];
  const [first, end] = timesOf(filter);
  // Every id is behind no text, and before bytes.
  const low: Border = walk === BY_NAME ? ['', ''] : [first, ''];
  const high: Border = walk === BY_NAME ? [BEHIND_ALL, BEHIND_ALL] : [end, BEHIND_ALL];
  const begin = after === undefined ? (rises ? low : high) : [after.by, after.id];
  return [...begin, ...(last === undefined ? (rises ? high : low) : [last.by, last.id])];
}

/** Which of two positions comes first in the order: negative for the first. Texts as SQLite compares them. */
export function comparePositions(order: DeviceOrder, one: DevicePosition, other: DevicePosition): number {
  const rising =
    typeof one.by === 'number' && typeof other.by === 'number'
      ? one.by - other.by
      : compareTexts(String(one.by), String(other.by));
  const compared = rising === 0 ? compareTexts(one.id, other.id) : rising;
  return WALKS[order].rises ? compared : -compared;
}

/** By their bytes, which are made only where the texts differ first in a surrogate: all others sort alike. */
function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const [left, right] = [one.slice(at, at + 1), other.slice(at, at + 1)];
  if (/[\ud800-\udfff]/.test(left + right)) return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return left < right ? -1 : 1;
}

/** Whether the filter asks for what the index of its order has not. */
export function needsBoth({ order, text, heardSince, silentSince }: DeviceFilter): boolean {
  return WALKS[order].walk === BY_NAME
    ? heardSince !== undefined || silentSince !== undefined
    : text !== undefined;
}
