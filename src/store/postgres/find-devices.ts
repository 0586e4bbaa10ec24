/** Finds devices in their orders. Invariant: one search looks at a bounded number of devices, and says how far it came. */
import { DEVICE_STATES } from '#domain/member.ts';
import type { DevicePosition, FoundDevice } from '../rows.ts';
import type { DeviceFilter, FoundDevices } from '../transaction.ts';
import type { Ask } from './ask.ts';
import { memberOf } from './row-forms.ts';
import type { Value } from './session.ts';

/** Devices that one question looks at, and how many questions one search asks. */
const WINDOW_DEVICES = 10_000;
const QUESTIONS_MAX = 4;

const ORDERS = {
  'a-z': { by: 'member.sort_name', id: 'member.id', group: 'member.device_group', rises: true },
  'z-a': { by: 'member.sort_name', id: 'member.id', group: 'member.device_group', rises: false },
  'longest-silent': {
    by: 'contacts.heard_at',
    id: 'contacts.id',
    group: 'contacts.device_group',
    rises: true,
  },
  'last-heard': { by: 'contacts.heard_at', id: 'contacts.id', group: 'contacts.device_group', rises: false },
} as const;

const FROM_NAMES = `
  keystair.trusted_rows AS member LEFT JOIN keystair.contacts ON contacts.id = member.id
  WHERE member.kind = 'member' AND member.place = 'device'`;
const FROM_SILENCE = `
  keystair.contacts JOIN keystair.trusted_rows AS member ON member.kind = 'member' AND member.id = contacts.id
  WHERE contacts.device_state IS NOT NULL`;
const COLUMNS =
  'member.kind, member.id, member.body, member.mac, member.place, member.sort_name, member.state, member.device_group';

export async function findDevices(ask: Ask, filter: DeviceFilter): Promise<FoundDevices> {
  const { limit } = filter;
  const devices: FoundDevice[] = [];
  let after = filter.after;
  for (let questions = 0; questions < QUESTIONS_MAX; questions += 1) {
    const last = await nth(ask, filter, after);
    const left = limit - devices.length;
    const found = await find(ask, filter, after, last, left);
    devices.push(...found);
    const end = found.length === left ? found.at(-1)?.position : last;
    if (end === undefined) return { devices, searchedTo: null };
    after = end;
    if (devices.length >= limit) break;
  }
  return { devices, searchedTo: after as DevicePosition };
}

/** The last device of the window behind `after`; undefined where there are fewer. */
async function nth(
  ask: Ask,
  { order, groups }: DeviceFilter,
  after: DevicePosition | undefined,
): Promise<DevicePosition | undefined> {
  const { by, id, sorted, from } = orderOf(order);
  const values: Value[] = [];
  const text = `
    SELECT ${by}, ${id} FROM ${from} ${inGroups(order, groups, values)} ${behind(order, after, values)} ${sorted}
    LIMIT 1 OFFSET ${WINDOW_DEVICES - 1}`;
  const [row] = await ask(['trusted_rows', 'contacts'], text, values);
  return row === undefined ? undefined : { by: row[0] as string | number, id: row[1] as string };
}

async function find(
  ask: Ask,
  { order, groups, states = DEVICE_STATES, text, heardSince, silentSince }: DeviceFilter,
  after: DevicePosition | undefined,
  last: DevicePosition | undefined,
  limit: number,
): Promise<readonly FoundDevice[]> {
  const { by, id, rises, sorted, from } = orderOf(order);
  const values: Value[] = [];
  const mark = (value: Value): string => `$${values.push(value)}`;
  const conditions = [inGroups(order, groups, values), behind(order, after, values)];
  if (last !== undefined) {
    conditions.push(`AND (${by}, ${id}) ${rises ? '<=' : '>='} (${mark(last.by)}, ${mark(last.id)})`);
  }
  conditions.push(`AND member.state = ANY(${mark([...states])}::text[])`);
  if (text !== undefined) {
    const inName = `position(${mark(text.sortName)} IN member.sort_name) > 0`;
    conditions.push(`AND (${inName} OR position(${mark(text.id)} IN member.id) > 0)`);
  }
  const heard = 'coalesce(contacts.heard_at, -1)';
  if (heardSince !== undefined) conditions.push(`AND ${heard} >= ${mark(Math.max(0, heardSince))}`);
  if (silentSince !== undefined) conditions.push(`AND ${heard} < ${mark(Math.max(0, silentSince))}`);
  const rows = await ask(
    ['trusted_rows', 'contacts'],
    `SELECT ${COLUMNS}, ${by} FROM ${from} ${conditions.join(' ')} ${sorted} LIMIT ${mark(limit)}`,
    values,
  );
  return rows.map((row) => {
    const member = memberOf(row);
    return { row: member, position: { by: row[8] as string | number, id: member.id } };
  });
}

function orderOf(order: DeviceFilter['order']) {
  const { by, id, rises } = ORDERS[order];
  const way = rises ? '' : ' DESC';
  const from = by === 'member.sort_name' ? FROM_NAMES : FROM_SILENCE;
  return { by, id, rises, from, sorted: `ORDER BY ${by}${way}, ${id}${way}` };
}

function behind(order: DeviceFilter['order'], after: DevicePosition | undefined, values: Value[]): string {
  if (after === undefined) return '';
  const { by, id, rises } = ORDERS[order];
  const mark = (value: Value): string => `$${values.push(value)}`;
  return `AND (${by}, ${id}) ${rises ? '>' : '<'} (${mark(after.by)}, ${mark(after.id)})`;
}

function inGroups(order: DeviceFilter['order'], groups: DeviceFilter['groups'], values: Value[]): string {
  if (groups === undefined) return '';
  return `AND ${ORDERS[order].group} = ANY($${values.push([...groups])}::text[])`;
}
