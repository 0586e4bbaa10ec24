/**
 * Rows that decide who gets something: members, settings, invitations, the primary, the server's own secrets. Each
 * carries the barrier's MAC over kind, id and body. A row without a right MAC counts as absent and is reported.
 */
import type { Barrier } from '#crypto/barrier.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { TrustedKind, TrustedRow } from '#store/rows.ts';
import type { Reader, Transaction } from '#store/transaction.ts';

const MAC_PURPOSE = 'trusted-rows';
const SECRET_PURPOSE = 'secrets';
/** Verified rows kept in memory, so that a MAC is computed once for each version of a row, not at every request. */
const REMEMBERED_MAX = 50_000;
/** Rows judged without a pause, some 2 ms. */
const PAGE_ROWS = 500;

interface Remembered {
  readonly body: string;
  readonly mac: Uint8Array;
  readonly value: unknown;
}

export class TrustedRows {
  readonly #barrier: Barrier;
  readonly #report: (kind: TrustedKind, id: string) => void;
  readonly #remembered = new Map<string, Remembered>();
  readonly #untrusted = new Set<string>();
  /** Members found in a place that their body does not name. */
  readonly #misplaced = new Set<string>();

  /** @param report is called once for each row whose MAC does not fit. */
  constructor(barrier: Barrier, report: (kind: TrustedKind, id: string) => void) {
    this.#barrier = barrier;
    this.#report = report;
  }

  /** Rows found since the start with a wrong MAC or in a wrong place, as `kind id`. */
  get untrusted(): readonly string[] {
    return [...new Set([...this.#untrusted, ...this.#misplaced])];
  }

  /** The row's value; undefined if it is absent or cannot be trusted. Reads the row at every call. */
  async get<T>(reader: Reader, kind: TrustedKind, id: string): Promise<T | undefined> {
    const row = await reader.row(kind, id);
    return row === undefined ? undefined : (this.#judge(row) as T | undefined);
  }

  async all<T>(
    reader: Reader,
    kind: TrustedKind,
  ): Promise<readonly { readonly id: string; readonly value: T }[]> {
    const values: { id: string; value: T }[] = [];
    for (const row of await reader.rows(kind)) {
      const value = this.#judge(row);
      if (value !== undefined) values.push({ id: row.id, value: value as T });
    }
    return values;
  }

  /**
   * The same, page by page, for a kind with perhaps a million rows. Others are served between two pages. Nothing of it
   * is kept in memory: it would push out the members that call every minute.
   *
   * @param after begins behind this id.
   */
  async *each<T>(
    reader: Reader,
    kind: TrustedKind,
    after = '',
  ): AsyncGenerator<{ readonly id: string; readonly value: T }> {
    let afterId = after;
    for (;;) {
      const page = await reader.rowsAfter(kind, afterId, PAGE_ROWS);
      for (const row of page) {
        const value = this.#judge(row, 'once');
        if (value !== undefined) yield { id: row.id, value: value as T };
      }
      if (page.length < PAGE_ROWS) return;
      afterId = page.at(-1)!.id;
      await new Promise(setImmediate);
    }
  }

  /** How many members stand in a wrong place. */
  get misplaced(): number {
    return this.#misplaced.size;
  }

  /**
   * The value of a row that was found by columns that its MAC does not cover. A row whose body says otherwise is
   * reported and counts as not found.
   */
  found<T>(row: TrustedRow, isThere: (value: T) => boolean): T | undefined {
    const value = this.#judge(row, 'once') as T | undefined;
    if (value === undefined) return undefined;
    const name = `${row.kind} ${row.id}`;
    if (isThere(value)) {
      this.#misplaced.delete(name);
      return value;
    }
    if (!this.#misplaced.has(name)) {
      this.#misplaced.add(name);
      this.#report(row.kind, row.id);
    }
    return undefined;
  }

  async put(transaction: Transaction, kind: TrustedKind, id: string, value: unknown): Promise<void> {
    const body = JSON.stringify(value);
    await transaction.putRow({ kind, id, body, mac: this.#barrier.mac(MAC_PURPOSE, form(kind, id, body)) });
  }

  /** One of the server's own secrets, sealed. Throws `record-unreadable` if it does not open. */
  async getSecret(reader: Reader, id: string): Promise<Uint8Array | undefined> {
    const row = await reader.row('secret', id);
    if (row === undefined) return undefined;
    return this.#barrier.open(SECRET_PURPOSE, id, Buffer.from(row.body, 'base64'));
  }

  async putSecret(transaction: Transaction, id: string, secret: Uint8Array): Promise<void> {
    const body = Buffer.from(this.#barrier.seal(SECRET_PURPOSE, id, secret)).toString('base64');
    await transaction.putRow({
      kind: 'secret',
      id,
      body,
      mac: this.#barrier.mac(MAC_PURPOSE, form('secret', id, body)),
    });
  }

  /** Whether the row carries the right MAC. Remembers and reports nothing. */
  fits({ kind, id, body, mac }: TrustedRow): boolean {
    return this.#barrier.macFits(MAC_PURPOSE, form(kind, id, body), mac);
  }

  /**
   * Re-encrypts every secret under the current data key. A secret that does not open is left for `server verify` to
   * name.
   */
  async resealSecrets(transaction: Transaction): Promise<void> {
    for (const { id, body } of await transaction.rows('secret')) {
      const sealed = Buffer.from(body, 'base64');
      let secret: Uint8Array;
      try {
        if (this.#barrier.dataKeyNumber(sealed) === this.#barrier.currentDataKey) continue;
        secret = this.#barrier.open(SECRET_PURPOSE, id, sealed);
      } catch {
        continue;
      }
      await this.putSecret(transaction, id, secret);
      secret.fill(0);
    }
  }

  #judge(row: TrustedRow, remembering: 'remember' | 'once' = 'remember'): unknown {
    const name = `${row.kind} ${row.id}`;
    const known = this.#remembered.get(name);
    if (known !== undefined && known.body === row.body && Buffer.compare(known.mac, row.mac) === 0)
      return known.value;
    if (!this.#barrier.macFits(MAC_PURPOSE, form(row.kind, row.id, row.body), row.mac)) {
      this.#remembered.delete(name);
      if (!this.#untrusted.has(name)) {
        this.#untrusted.add(name);
        this.#report(row.kind, row.id);
      }
      return undefined;
    }
    this.#untrusted.delete(name);
    const value: unknown = parseJson(row.body, ROW_JSON);
    if (remembering === 'once') return value;
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(name, { body: row.body, mac: row.mac, value });
    return value;
  }
}

function form(kind: string, id: string, body: string): string {
  return JSON.stringify([kind, id, body]);
}
