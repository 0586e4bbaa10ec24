/** Rows that decide something: kept with their MAC, which is not checked here. */
import type { DatabaseSync } from 'node:sqlite';
import type { MemberPlace } from '#domain/member.ts';
import type { MemberRow, NamePosition, TrustedKind, TrustedRow } from '../rows.ts';
import { NOWHERE, type Place, placeOf } from '../member-place.ts';
import { prepareCommand, prepareQuery, type Row } from './statement.ts';

/** How many follow a position, up to a bound; `last` is the last of them where there may be more. */
interface Counted {
  readonly count: number;
  readonly last: NamePosition | undefined;
}

export interface TrustedRowsTable {
  get(kind: TrustedKind, id: string): TrustedRow | undefined;
  all(kind: TrustedKind): TrustedRow[];
  after(kind: TrustedKind, afterId: string, limit: number): TrustedRow[];
  member(id: string): MemberRow | undefined;
  membersByName(place: MemberPlace, after: NamePosition | undefined, limit: number): MemberRow[];
  countMembers(place: MemberPlace, after: NamePosition | undefined, most: number): Counted;
  countDevices(group: string, after: NamePosition | undefined, most: number): Counted;
  kinds(): string[];
  /** Returns where a member is found from now on. */
  put(row: TrustedRow): Place;
  delete(kind: TrustedKind, id: string): void;
}

function rowOf(row: Row): TrustedRow {
  return {
    kind: row[0] as TrustedKind,
    id: row[1] as string,
    body: row[2] as string,
    mac: row[3] as Uint8Array,
  };
}

function memberOf(row: Row): MemberRow {
  return {
    ...rowOf(row),
    place: String(row[4]),
    sortName: String(row[5]),
    state: String(row[6]),
    group: String(row[7]),
  };
}

export function prepareTrustedRowsTable(connection: DatabaseSync): TrustedRowsTable {
  const columns = 'kind, id, body, mac';
  const where = 'place, sort_name, state, device_group';
  const get = prepareQuery(connection, `SELECT ${columns} FROM trusted_rows WHERE kind = ? AND id = ?`);
  const all = prepareQuery(connection, `SELECT ${columns} FROM trusted_rows WHERE kind = ? ORDER BY id`);
  const after = prepareQuery(
    connection,
    `SELECT ${columns} FROM trusted_rows WHERE kind = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  const member = prepareQuery(
    connection,
    `SELECT ${columns}, ${where} FROM trusted_rows WHERE kind = 'member' AND id = ?`,
  );
  const byName = prepareQuery(
    connection,
    `SELECT ${columns}, ${where} FROM trusted_rows
     WHERE kind = 'member' AND place = ? AND (sort_name, id) > (?, ?) ORDER BY sort_name, id LIMIT ?`,
  );
  const counting = (
    of: string,
  ): ((value: string, after: NamePosition | undefined, most: number) => Counted) => {
    const behind = `FROM trusted_rows ${of} AND (sort_name, id) > (?, ?)`;
    const nth = prepareQuery(
      connection,
      `SELECT sort_name, id ${behind} ORDER BY sort_name, id LIMIT 1 OFFSET ?`,
    );
    const count = prepareQuery(connection, `SELECT count(*) ${behind}`);
    return (value, after, most) => {
      const from = [value, after?.sortName ?? '', after?.id ?? ''];
      const last = nth.first(...from, most - 1);
      return last === undefined
        ? { count: Number(count.first(...from)?.[0]), last: undefined }
        : { count: most, last: { sortName: String(last[0]), id: String(last[1]) } };
    };
  };
  const countMembers = counting("WHERE kind = 'member' AND place = ?");
  const countDevices = counting(
    "INDEXED BY devices_by_group WHERE kind = 'member' AND place = 'device' AND device_group = ?",
  );
  const kinds = prepareQuery(connection, 'SELECT DISTINCT kind FROM trusted_rows ORDER BY kind');
  const put = prepareCommand(
    connection,
    `INSERT OR REPLACE INTO trusted_rows (${columns}, ${where}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = prepareCommand(connection, 'DELETE FROM trusted_rows WHERE kind = ? AND id = ?');
  return {
    get(kind, id) {
      const row = get.first(kind, id);
      return row === undefined ? undefined : rowOf(row);
    },
    all: (kind) => all.all(kind).map(rowOf),
    after: (kind, afterId, limit) => after.all(kind, afterId, limit).map(rowOf),
    member(id) {
      const row = member.first(id);
      return row === undefined ? undefined : memberOf(row);
    },
    membersByName: (place, after, limit) =>
      byName.all(place, after?.sortName ?? '', after?.id ?? '', limit).map(memberOf),
    countMembers,
    countDevices,
    kinds: () => kinds.all().map(([kind]) => kind as string),
    put(row) {
      const at = row.kind === 'member' ? placeOf(row.body) : NOWHERE;
      put(row.kind, row.id, row.body, row.mac, at.place, at.sortName, at.state, at.group);
      return at;
    },
    delete: (kind, id) => remove(kind, id),
  };
}
