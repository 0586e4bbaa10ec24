/**
 * The reading half of the port in SQL. Its owner decides on which connection a question is asked, and so what it sees:
 * the store, what is committed; a transaction, its own writes as well.
 */
import { assert } from '#domain/errors.ts';
import { KNOWN_KEYS_MAX } from '#domain/limits.ts';
import type { MemberPlace } from '#domain/member.ts';
import type { ReceiptTotals } from '#domain/receipt.ts';
import { type Position, SEQUENCE_START } from '#domain/sequence.ts';
import { UUID_PATTERN } from '#domain/uuid.ts';
import type {
  AuditHead,
  AuditRow,
  Contact,
  Cursor,
  MemberRow,
  NamePosition,
  NotedReceipt,
  RefusedKey,
  StoredKey,
  TrustedKind,
  TrustedRow,
} from '../rows.ts';
import type { DeviceFilter, FoundDevices, FoundKeys, KeyFilter, Reader } from '../transaction.ts';
import type { Ask } from './ask.ts';
import { findDevices } from './find-devices.ts';
import { findKeys } from './find-keys.ts';
import {
  AUDIT_COLUMNS,
  auditOf,
  CONTACT_COLUMNS,
  contactOf,
  CURSOR_COLUMNS,
  cursorOf,
  KEY_COLUMNS,
  keyOf,
  MEMBER_COLUMNS,
  memberOf,
  REFUSED_COLUMNS,
  refusedOf,
  TRUSTED_COLUMNS,
  trustedOf,
} from './row-forms.ts';

const NO_LINE: AuditHead = { seq: 0, chain: new Uint8Array(0), mac: new Uint8Array(0) };
const NO_RECEIPTS: ReceiptTotals = { count: 0, digest: new Uint8Array(32) };
/** Sorts before any other. */
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

export class PostgresReader implements Reader {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async head(): Promise<Position> {
    const [row] = await this.#ask(['keys'], 'SELECT seq, chain FROM keystair.keys ORDER BY seq DESC LIMIT 1');
    return row === undefined ? SEQUENCE_START : { seq: row[0] as number, chain: row[1] as Uint8Array };
  }

  async chainAt(seq: number): Promise<Uint8Array | undefined> {
    if (seq === 0) return SEQUENCE_START.chain;
    const [row] = await this.#ask(['keys'], 'SELECT chain FROM keystair.keys WHERE seq = $1', [seq]);
    return row?.[0] as Uint8Array | undefined;
  }

  async keyById(id: string): Promise<StoredKey | undefined> {
    if (!UUID_PATTERN.test(id)) return undefined;
    const [row] = await this.#ask(['keys'], `SELECT ${KEY_COLUMNS} FROM keystair.keys WHERE id = $1`, [id]);
    return row === undefined ? undefined : keyOf(row);
  }

  async knownKeys(ids: readonly string[]): Promise<ReadonlyMap<string, { seq: number; digest: Uint8Array }>> {
    assert(ids.length <= KNOWN_KEYS_MAX, `at most ${KNOWN_KEYS_MAX} ids are asked for at once`);
    const asked = ids.filter((id) => UUID_PATTERN.test(id));
    if (asked.length === 0) return new Map();
    const rows = await this.#ask(
      ['keys'],
      'SELECT id, seq, digest FROM keystair.keys WHERE id = ANY($1::uuid[])',
      [asked],
    );
    return new Map(
      rows.map(([id, seq, digest]) => [id as string, { seq: seq as number, digest: digest as Uint8Array }]),
    );
  }

  async keysAfter(afterSeq: number, limit: number): Promise<readonly StoredKey[]> {
    const text = `SELECT ${KEY_COLUMNS} FROM keystair.keys WHERE seq > $1 ORDER BY seq LIMIT $2`;
    return (await this.#ask(['keys'], text, [afterSeq, limit])).map(keyOf);
  }

  async keysOfDevice(deviceId: string, afterSeq: number, limit: number): Promise<readonly StoredKey[]> {
    if (!UUID_PATTERN.test(deviceId)) return [];
    const text = `SELECT ${KEY_COLUMNS} FROM keystair.keys WHERE device = $1 AND seq > $2 ORDER BY seq LIMIT $3`;
    return (await this.#ask(['keys'], text, [deviceId, afterSeq, limit])).map(keyOf);
  }

  findKeys(filter: KeyFilter): Promise<FoundKeys> {
    return findKeys(this.#ask, filter);
  }

  async countKeysByDevice(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map(deviceIds.map((id) => [id, 0]));
    const rows = await this.#ask(
      ['keys'],
      'SELECT device, count(*) FROM keystair.keys WHERE device = ANY($1::uuid[]) GROUP BY device',
      [deviceIds.filter((id) => UUID_PATTERN.test(id))],
    );
    for (const [id, count] of rows) counts.set(id as string, count as number);
    return counts;
  }

  async row(kind: TrustedKind, id: string): Promise<TrustedRow | undefined> {
    const text = `SELECT ${TRUSTED_COLUMNS} FROM keystair.trusted_rows WHERE kind = $1 AND id = $2`;
    const [row] = await this.#ask(['trusted_rows'], text, [kind, id]);
    return row === undefined ? undefined : trustedOf(row);
  }

  async rows(kind: TrustedKind): Promise<readonly TrustedRow[]> {
    const text = `SELECT ${TRUSTED_COLUMNS} FROM keystair.trusted_rows WHERE kind = $1 ORDER BY id`;
    return (await this.#ask(['trusted_rows'], text, [kind])).map(trustedOf);
  }

  async rowsAfter(kind: TrustedKind, afterId: string, limit: number): Promise<readonly TrustedRow[]> {
    const text = `SELECT ${TRUSTED_COLUMNS} FROM keystair.trusted_rows WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3`;
    return (await this.#ask(['trusted_rows'], text, [kind, afterId, limit])).map(trustedOf);
  }

  async membersByName(
    place: MemberPlace,
    after: NamePosition | undefined,
    limit: number,
  ): Promise<readonly MemberRow[]> {
    const text = `
      SELECT ${MEMBER_COLUMNS} FROM keystair.trusted_rows
      WHERE kind = 'member' AND place = $1 AND (sort_name, id) > ($2, $3) ORDER BY sort_name, id LIMIT $4`;
    const values = [place, after?.sortName ?? '', after?.id ?? '', limit];
    return (await this.#ask(['trusted_rows'], text, values)).map(memberOf);
  }

  async countMembers(place: MemberPlace): Promise<number> {
    const text = "SELECT count(*) FROM keystair.trusted_rows WHERE kind = 'member' AND place = $1";
    return Number((await this.#ask(['trusted_rows'], text, [place]))[0]?.[0]);
  }

  findDevices(filter: DeviceFilter): Promise<FoundDevices> {
    return findDevices(this.#ask, filter);
  }

  async countDevices(groups: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map(groups.map((group) => [group, 0]));
    const text = `
      SELECT device_group, count(*) FROM keystair.trusted_rows
      WHERE kind = 'member' AND place = 'device' AND device_group = ANY($1::text[]) GROUP BY device_group`;
    for (const [group, count] of await this.#ask(['trusted_rows'], text, [groups])) {
      counts.set(group as string, count as number);
    }
    return counts;
  }

  async rowKinds(): Promise<readonly string[]> {
    // From kind to kind, since some have a million rows.
    const text = `
      WITH RECURSIVE kinds (kind) AS (
        (SELECT kind FROM keystair.trusted_rows ORDER BY kind LIMIT 1) UNION ALL
        SELECT (SELECT rows.kind FROM keystair.trusted_rows AS rows WHERE rows.kind > kinds.kind ORDER BY rows.kind LIMIT 1)
        FROM kinds WHERE kinds.kind IS NOT NULL)
      SELECT kind FROM kinds WHERE kind IS NOT NULL`;
    return (await this.#ask(['trusted_rows'], text)).map(([kind]) => kind as string);
  }

  async cursor(memberId: string, epoch: string): Promise<Cursor | undefined> {
    const text = `SELECT ${CURSOR_COLUMNS} FROM keystair.cursors WHERE member = $1 AND epoch = $2`;
    const [row] = await this.#ask(['cursors'], text, [memberId, epoch]);
    return row === undefined ? undefined : cursorOf(row);
  }

  async cursors(memberId: string): Promise<readonly Cursor[]> {
    const text = `SELECT ${CURSOR_COLUMNS} FROM keystair.cursors WHERE member = $1 ORDER BY rank`;
    return (await this.#ask(['cursors'], text, [memberId])).map(cursorOf);
  }

  async refusedKeys(memberId: string, limit: number): Promise<readonly RefusedKey[]> {
    const text = `
      SELECT ${REFUSED_COLUMNS} FROM keystair.refused_keys WHERE member = $1 ORDER BY at DESC, epoch, seq DESC LIMIT $2`;
    return (await this.#ask(['refused_keys'], text, [memberId, limit])).map(refusedOf);
  }

  async refusalOf(memberId: string, seq: number): Promise<string | undefined> {
    const text = 'SELECT reason FROM keystair.refused_keys WHERE member = $1 AND seq = $2 LIMIT 1';
    return (await this.#ask(['refused_keys'], text, [memberId, seq]))[0]?.[0] as string | undefined;
  }

  async stagedImports(): Promise<readonly string[]> {
    const rows = await this.#ask(['staged_keys'], 'SELECT DISTINCT import FROM keystair.staged_keys');
    return rows.map(([id]) => id as string);
  }

  async countStaged(importId: string): Promise<number> {
    if (!UUID_PATTERN.test(importId)) return 0;
    const text = 'SELECT count(*) FROM keystair.staged_keys WHERE import = $1';
    return Number((await this.#ask(['staged_keys'], text, [importId]))[0]?.[0]);
  }

  async contact(id: string): Promise<Contact | undefined> {
    const text = `SELECT ${CONTACT_COLUMNS} FROM keystair.contacts WHERE id = $1`;
    const [row] = await this.#ask(['contacts'], text, [id]);
    return row === undefined ? undefined : contactOf(row);
  }

  async receiptTotals(deviceId: string): Promise<ReceiptTotals> {
    if (!UUID_PATTERN.test(deviceId)) return NO_RECEIPTS;
    const text = 'SELECT count, digest FROM keystair.receipt_totals WHERE device = $1';
    const [row] = await this.#ask(['receipt_totals'], text, [deviceId]);
    return row === undefined ? NO_RECEIPTS : { count: row[0] as number, digest: row[1] as Uint8Array };
  }

  async hasReceipts(deviceId: string, seqs: readonly number[]): Promise<ReadonlySet<number>> {
    if (!UUID_PATTERN.test(deviceId) || seqs.length === 0) return new Set();
    const text = 'SELECT seq FROM keystair.receipts WHERE device = $1 AND seq = ANY($2::bigint[])';
    return new Set((await this.#ask(['receipts'], text, [deviceId, seqs])).map(([seq]) => seq as number));
  }

  async notedReceipts(after: NotedReceipt | undefined, limit: number): Promise<readonly NotedReceipt[]> {
    const text = `
      SELECT seq, device FROM keystair.receipts WHERE (seq, device) > ($1, $2::uuid) ORDER BY seq, device LIMIT $3`;
    const rows = await this.#ask(['receipts'], text, [
      after?.seq ?? -1,
      after?.deviceId ?? FIRST_UUID,
      limit,
    ]);
    return rows.map(([seq, deviceId]) => ({ seq: seq as number, deviceId: deviceId as string }));
  }

  async auditHead(): Promise<AuditHead> {
    const text = 'SELECT seq, chain, mac FROM keystair.audit ORDER BY seq DESC LIMIT 1';
    const [row] = await this.#ask(['audit'], text);
    if (row === undefined) return NO_LINE;
    return { seq: row[0] as number, chain: row[1] as Uint8Array, mac: row[2] as Uint8Array };
  }

  async auditAfter(afterSeq: number, limit: number): Promise<readonly AuditRow[]> {
    const text = `SELECT ${AUDIT_COLUMNS} FROM keystair.audit WHERE seq > $1 ORDER BY seq LIMIT $2`;
    return (await this.#ask(['audit'], text, [afterSeq, limit])).map(auditOf);
  }

  async auditTile(level: number, index: number): Promise<Uint8Array | undefined> {
    const text = 'SELECT hashes FROM keystair.audit_tiles WHERE level = $1 AND n = $2';
    return (await this.#ask(['audit_tiles'], text, [level, index]))[0]?.[0] as Uint8Array | undefined;
  }
}
