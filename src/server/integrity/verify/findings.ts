/**
 * What a verification finds: damaged keys by number, and everything else as notices. Invariant: memory is bounded,
 * however much is damaged; what exceeds the lists is counted.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { KEY_JSON } from '#domain/json-bounds.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { Contact, Cursor, StoredKey } from '#store/rows.ts';
import { toHex } from '#domain/hex.ts';
import { type NextStep, type Notice, notice, step, warn } from '#domain/step.ts';
import type { Warning } from '#domain/warnings.ts';

/** Problems listed and damaged keys named. Beyond this they are only counted. */
const PROBLEMS_MAX = 1000;

/**
 * What is wrong with a key's row. `unreadable`: its record does not open. `digest`, `device`, `chain`: the record is
 * right, and that column is wrong. `other-record`: a different record belongs at this number. `missing`: there is no
 * row.
 */
export type KeyFault = 'unreadable' | 'digest' | 'device' | 'chain' | 'other-record' | 'missing';

/** What the audit log says of a number: when a key was recorded under it, and from where. */
export interface ToldOfKeys {
  readonly from: number;
  readonly to: number;
  /** The id of the key numbered `from`. */
  readonly first: string;
  readonly receivedFrom: string;
  /** Unix ms. */
  readonly at: number;
}

export interface Damage {
  /** Its number; with `to` above it, the first of a run of missing rows. */
  readonly seq: number;
  readonly to: number;
  /** As the row says; null where there is none. */
  readonly id: string | null;
  /** 64 hexadecimal digits, as the row says. */
  readonly digest: string | null;
  readonly receivedFrom: string | null;
  readonly origin: string | null;
  readonly faults: KeyFault[];
  readonly told: ToldOfKeys[];
  /** Ids of primaries that acknowledged a batch with that number and refused nothing of it. */
  readonly acknowledgedBy: Set<string>;
}

/** What a finding needs of a row: no material. */
export type DamagedRow = Pick<StoredKey, 'seq' | 'id' | 'digest' | 'receivedFrom' | 'fields'>;

export class Findings {
  readonly #notices: Notice[] = [];
  readonly #damages: Damage[] = [];
  readonly #cursors: Cursor[] = [];
  readonly #contacts: Contact[] = [];
  readonly #receiptTotals: ServerName[] = [];
  #auditTiles = 0;
  #more = 0;

  add(sentence: string, next?: NextStep): void {
    this.#note(notice(sentence, next));
  }

  /** What surfaces can say in words of their own. */
  addNamed(about: Warning, sentence: string, next?: NextStep): void {
    this.#note(warn(about, sentence, next));
  }

  #note(one: Notice): void {
    if (this.#notices.length < PROBLEMS_MAX) this.#notices.push(one);
    else this.#more += 1;
  }

  /** By rising number. Another fault of the row named last joins the first one. */
  damaged(row: DamagedRow, fault: KeyFault): void {
    const last = this.#damages.at(-1);
    if (last?.seq === row.seq) {
      if (!last.faults.includes(fault)) last.faults.push(fault);
      return;
    }
    const { seq, id, receivedFrom } = row;
    this.#put({
      seq,
      to: seq,
      id,
      digest: toHex(row.digest),
      receivedFrom,
      origin: originOf(row.fields),
      faults: [fault],
      told: [],
      acknowledgedBy: new Set(),
    });
  }

  missing(from: number, to: number): void {
    this.#put({
      seq: from,
      to,
      id: null,
      digest: null,
      receivedFrom: null,
      origin: null,
      faults: ['missing'],
      told: [],
      acknowledgedBy: new Set(),
    });
  }

  #put(damage: Damage): void {
    if (this.#damages.length < PROBLEMS_MAX) this.#damages.push(damage);
    else this.#more += 1;
  }

  /** A cursor that is not where the audit log says. */
  cursor(cursor: Cursor): void {
    this.#cursors.push(cursor);
    const { memberId: member, epoch, seq } = cursor;
    this.addNamed(
      { name: 'log-cursor-altered', details: { member, epoch, seq: String(seq) } },
      `the row that says how far ${member} was received in epoch ${epoch} was altered: it says number ${seq}, but the audit log disagrees`,
    );
  }

  /** The unverified status of a neighbour, if it can no longer be read. */
  contact(contact: Contact): void {
    if (this.#contacts.length < PROBLEMS_MAX) this.#contacts.push(contact);
    this.add(
      `the row of the last heartbeat of ${contact.id} was altered and is not shown; its next heartbeat replaces it`,
    );
  }

  get contacts(): readonly Contact[] {
    return this.#contacts;
  }

  /** A device whose total of receipts differs from the notes beside its keys. */
  receipts(device: ServerName): void {
    if (this.#receiptTotals.length < PROBLEMS_MAX) this.#receiptTotals.push(device);
    this.add(
      `the notes about the receipts of the device ${device.name} (${device.id}) were altered: they do not add up to their total`,
      step('count-receipts'),
    );
  }

  /** The stored tree of the audit log differs from its lines, which are as they were written. */
  auditTiles(): void {
    this.#auditTiles = 1;
    this.addNamed(
      { name: 'log-tree-altered', details: {} },
      'the stored tree of the audit log was altered, but its lines were not',
      step('make-tree-again'),
    );
  }

  get alteredAuditTiles(): number {
    return this.#auditTiles;
  }

  get receiptTotals(): readonly ServerName[] {
    return this.#receiptTotals;
  }

  get cursors(): readonly Cursor[] {
    return this.#cursors;
  }

  /** By rising number. */
  get damages(): readonly Damage[] {
    return this.#damages;
  }

  get notices(): readonly Notice[] {
    return this.#notices;
  }

  /** Damages found, but not listed. */
  get more(): number {
    return this.#more;
  }
}

/** By the damaged fields, as a hint where to look. */
function originOf(fields: string): string | null {
  try {
    const { origin } = parseJson(fields, KEY_JSON) as { origin?: unknown };
    return typeof origin === 'string' ? origin : null;
  } catch {
    return null;
  }
}
