/**
 * What can be seen of one server from outside: its durable rows, as its store told of them, and how its options and
 * links stood over time. The checkers judge by this and know nothing of the program that wrote it.
 */
import type { AuditRow, StoredKey, TrustedRow } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import type { Committed } from '../world/store-port.ts';

export interface ObservedKey {
  readonly seq: number;
  readonly id: string;
  readonly digest: string;
  readonly chain: string;
  readonly fields: string;
  readonly receivedFrom: string;
  readonly seenAt: number;
}

export interface ObservedMember {
  readonly kind: 'device' | 'secondary';
  readonly dmz: boolean;
  readonly removed: boolean;
  readonly state: string;
}

/** How the server's own rows say that links stand. */
export interface LinkState {
  readonly since: number;
  readonly option: boolean;
  readonly primary: { readonly id: string; readonly dmz: boolean } | undefined;
  readonly members: ReadonlyMap<string, ObservedMember>;
  /** Secondaries that an administrator allows to have keys back, and between which times of the server's clock. */
  readonly recoveries: ReadonlyMap<string, { readonly from: number; readonly until: number }>;
}

const NOTHING: LinkState = {
  since: 0,
  option: false,
  primary: undefined,
  members: new Map(),
  recoveries: new Map(),
};

const ALL = 1_000_000;
/** Rows that say how links stand. */
const LINK_KINDS = new Set(['setting', 'primary', 'member', 'recovery']);

export class ObservedServer {
  readonly keys = new Map<string, ObservedKey>();
  readonly bySeq: ObservedKey[] = [];
  /** Audit events, counted by a name that says what left and to whom. */
  readonly departures = new Map<string, number>();
  readonly transmitted: { readonly from: number; readonly to: number; readonly primary: string }[] = [];
  readonly cursors = new Map<string, { readonly seq: number; readonly chain: string }>();
  readonly refused = new Set<string>();
  readonly history: LinkState[] = [];
  /** Exports that the audit log tells of, with the number of their keys. */
  readonly exportsTold = new Map<string, number>();
  /** Keys of which it tells that they were answered and, the disk being full, could not be kept. */
  readonly notKept = new Set<string>();
  /** Imports whose confirmation it tells of. */
  readonly importsTold = new Set<string>();
  /** Confirmed and not over. */
  readonly importsUnderWay = new Set<string>();
  /** Every epoch it lived in, whatever was put back since. */
  readonly epochs = new Set<string>();
  epoch = '';
  auditSeq = 0;

  get links(): LinkState {
    return this.history.at(-1) ?? NOTHING;
  }

  /** The links that held at some moment from `from` on. */
  linksSince(from: number): LinkState[] {
    const first = this.history.findLastIndex(({ since }) => since < from);
    return this.history.slice(Math.max(0, first));
  }

  /** Whether this held at every moment from before `now` until now: what was changed this very millisecond is let be. */
  held(now: number, predicate: (links: LinkState) => boolean): boolean {
    return this.linksSince(now).every(predicate);
  }

  addKeys(rows: readonly StoredKey[], at: number): ObservedKey[] {
    return rows.map((row) => {
      const key = observedKey(row, at);
      this.keys.set(key.id, key);
      this.bySeq[key.seq - 1] = key;
      return key;
    });
  }

  addAudit(rows: readonly AuditRow[]): void {
    for (const row of rows) {
      this.auditSeq = row.seq;
      const event = JSON.parse(row.event) as Record<string, string | number>;
      switch (event['event'] ?? '') {
        case 'key-revealed':
          count(this.departures, `${event['key']} revealed ${event['by']}`);
          break;
        case 'keys-returned':
          count(this.departures, `${event['first']} returned with ${event['keys']} ${event['by']}`);
          break;
        case 'keys-transmitted':
          this.transmitted.push({
            from: Number(event['from']),
            to: Number(event['to']),
            primary: String(event['primary']),
          });
          break;
        case 'key-not-kept':
          this.notKept.add(String(event['key']));
          break;
        case 'export-started':
          this.exportsTold.set(String(event['export']), Number(event['keys']));
          break;
        case 'import-confirmed':
          this.importsTold.add(String(event['import']));
          break;
        default:
      }
    }
  }

  addRows(rows: Committed['rows'], at: number): void {
    let { option, primary, members, recoveries } = this.links;
    let changed = false;
    for (const { kind, id, row } of rows) {
      if (kind === 'import') {
        if (row === undefined) this.importsUnderWay.delete(id);
        else this.importsUnderWay.add(id);
      }
      if (!LINK_KINDS.has(kind)) continue;
      const body = bodyOf(row);
      if (kind === 'setting' && id === 'epoch') {
        this.epoch = String(body?.['epoch']);
        this.epochs.add(this.epoch);
      }
      if (kind === 'setting' && id === 'options') option = body?.['useHierarchy'] === true;
      else if (kind === 'primary') {
        primary = body === undefined ? undefined : { id: String(body['id']), dmz: body['dmz'] === true };
      } else if (kind === 'member' && body !== undefined) {
        members = new Map(members).set(id, {
          kind: body['kind'] as 'device' | 'secondary',
          dmz: body['dmz'] === true,
          removed: body['removedAt'] !== null,
          state: String(body['state']),
        });
      } else if (kind === 'recovery') {
        const others = new Map(recoveries);
        others.delete(id);
        recoveries = others;
        if (body !== undefined) {
          const [from, until] = [body['allowedAt'], body['expiresAt']].map((at) => Date.parse(String(at)));
          recoveries = others.set(id, { from: from!, until: until! });
        }
      } else continue;
      changed = true;
    }
    if (changed) this.history.push({ since: at, option, primary, members, recoveries });
  }

  addCursors(committed: Pick<Committed, 'cursors' | 'refused'>): void {
    for (const { memberId, epoch, seq, chain } of committed.cursors) {
      this.cursors.set(`${memberId} ${epoch}`, { seq, chain: Buffer.from(chain).toString('hex') });
    }
    for (const { memberId, epoch, seq } of committed.refused) this.refused.add(`${memberId} ${epoch} ${seq}`);
  }

  /** Everything anew from what is durable, after the server was opened. The past stays for questions about it. */
  async readAll(reader: Reader, at: number): Promise<void> {
    this.keys.clear();
    this.bySeq.length = 0;
    this.departures.clear();
    this.transmitted.length = 0;
    this.exportsTold.clear();
    this.notKept.clear();
    this.importsTold.clear();
    this.importsUnderWay.clear();
    this.cursors.clear();
    this.refused.clear();
    this.addKeys(await reader.keysAfter(0, ALL), at);
    this.addAudit(await reader.auditAfter(0, ALL));
    const rows: Committed['rows'] = [];
    for (const kind of ['setting', 'primary', 'member', 'recovery', 'import'] as const) {
      for (const row of await reader.rows(kind)) rows.push({ kind, id: row.id, row });
    }
    this.history.push({ ...NOTHING, since: at });
    this.addRows(rows, at);
    if (rows.length > 0) this.history.splice(-2, 1);
    for (const { row } of rows.filter(({ kind }) => kind === 'member')) {
      this.addCursors({
        cursors: [...(await reader.cursors(row!.id))],
        refused: [...(await reader.refusedKeys(row!.id, ALL))],
      });
    }
  }
}

function observedKey(row: StoredKey, at: number): ObservedKey {
  return {
    seq: row.seq,
    id: row.id,
    digest: Buffer.from(row.digest).toString('hex'),
    chain: Buffer.from(row.chain).toString('hex'),
    fields: row.fields,
    receivedFrom: row.receivedFrom,
    seenAt: at,
  };
}

function bodyOf(row: TrustedRow | undefined): Record<string, unknown> | undefined {
  return row === undefined ? undefined : (JSON.parse(row.body) as Record<string, unknown>);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
