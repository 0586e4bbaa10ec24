/**
 * Walks through the audit log: proves it line by line, and compares what it says with the rows: the numbers of keys, and
 * how far each secondary was received.
 */
import type { Barrier } from '#crypto/barrier.ts';
import type { AuditEvent } from '#domain/audit-log.ts';
import type { Frontier } from '#domain/merkle-tree.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { AuditRow, Cursor } from '#store/rows.ts';
import type { Reader } from '#store/transaction.ts';
import type { Warning } from '#domain/warnings.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';
import type { Damage, Findings, ToldOfKeys } from './findings.ts';
import { SignedHeads, signedHeads } from './signed-heads.ts';
import { TreeProof } from './tree-proof.ts';

const PAGE = 500;
/** Lines kept of one run of missing keys. The repair tries no more numbers than these. */
const TOLD_MAX = 1000;
const LOOKED_AT = [
  '"keys-recorded"',
  '"keys-acknowledged"',
  '"transmission-received"',
  '"secondary-asked-again"',
  '"audit-tree-started"',
] as const;

type AcknowledgedKeys = Extract<AuditEvent, { readonly event: 'keys-acknowledged' }>;
type Told = AuditEvent & { readonly at: string };

export interface AuditWalk {
  readonly whole: boolean;
  readonly lastKey: number;
  readonly size: number;
  /** Over the lines as they are. */
  readonly frontier: Frontier;
}

export interface AuditPorts {
  readonly reader: Reader;
  readonly barrier: Barrier;
  readonly rows: TrustedRows;
}

/** The cursors as they stood a moment after this line of the log. */
export interface CursorsThen {
  readonly line: number;
  readonly cursors: readonly Cursor[];
}

/**
 * Tells each damage what the log knows of its numbers. @param onPage after each page, with the line reached. Returns
 * whether every line is as it was written, and the highest number that the log names.
 */
export async function walkAudit(
  { reader, barrier, rows }: AuditPorts,
  findings: Findings,
  then: CursorsThen,
  onPage: (line: number) => Promise<void>,
): Promise<AuditWalk> {
  let seq = 0;
  let faults = 0;
  let lastKey = 0;
  const fault = (about: Warning, sentence: string): void => {
    faults += 1;
    findings.addNamed(about, sentence);
  };
  const signed = new SignedHeads(await signedHeads(rows, reader), fault);
  const proof = new TreeProof({
    reader,
    barrier,
    onFault: fault,
    onTile: () => findings.auditTiles(),
    onSize: (size, root) => signed.reached(size, root),
  });
  const cursors = new HeldCursors(then);
  const acknowledged = new Acknowledged();
  for (;;) {
    const page = await reader.auditAfter(seq, PAGE);
    for (const row of page) {
      await proof.take(row);
      const told = readLine(row);
      if (told?.event === 'keys-recorded') {
        lastKey = Math.max(lastKey, told.to);
        tell(findings.damages, { ...told, at: Date.parse(told.at) });
      } else if (told?.event === 'keys-acknowledged') {
        acknowledged.hear(findings.damages, told);
      } else if (told?.event === 'transmission-received') {
        cursors.hear(row.seq, told.secondary, told.epoch, told.to);
      } else if (told?.event === 'secondary-asked-again') {
        cursors.hear(row.seq, told.secondary, told.epoch, 0);
      } else if (told?.event === 'audit-tree-started' && told.faults > 0) {
        const details = { faults: String(told.faults), lines: String(told.lines) };
        findings.addNamed(
          { name: 'log-altered-before-tree', details },
          `${told.faults} of the first ${told.lines} lines of the audit log had been altered when its tree was started`,
        );
      }
      ({ seq } = row);
    }
    await onPage(seq);
    if (page.length < PAGE) break;
  }
  await proof.end();
  signed.end();
  // A log that does not add up says nothing about the cursors.
  if (faults === 0) for (const cursor of cursors.altered()) findings.cursor(cursor);
  return { whole: faults === 0, lastKey, size: seq, frontier: proof.frontier };
}

/** Parses only the kinds that are used. */
function readLine({ event }: AuditRow): Told | undefined {
  if (!LOOKED_AT.some((kind) => event.includes(kind))) return undefined;
  try {
    return parseJson(event, ROW_JSON) as Told;
  } catch {
    return undefined;
  }
}

function tell(damages: readonly Damage[], { from, to, first, receivedFrom, at }: ToldOfKeys): void {
  for (const { told } of damagesIn(damages, from, to)) {
    if (told.length < TOLD_MAX) told.push({ from, to, first, receivedFrom, at });
  }
}

/** Those with a number from `from` to `to`. */
function* damagesIn(damages: readonly Damage[], from: number, to: number): Generator<Damage> {
  // Finds the first that does not end before `from`.
  let low = 0;
  for (let high = damages.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (damages[middle]!.to < from) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < damages.length && damages[at]!.seq <= to; at += 1) yield damages[at]!;
}

/** What primaries acknowledged, batch after batch. */
class Acknowledged {
  #epoch = '';
  #to = 0;

  hear(damages: readonly Damage[], { epoch, to, refused, primary }: AcknowledgedKeys): void {
    const from = epoch === this.#epoch && to > this.#to ? this.#to + 1 : 1;
    // The event does not say which of them was refused.
    if (refused === 0) {
      for (const damage of damagesIn(damages, from, to)) damage.acknowledgedBy.add(primary);
    }
    this.#epoch = epoch;
    this.#to = to;
  }
}

/** Cursors to check against the log: every transaction that moves a cursor also writes an event. */
class HeldCursors {
  readonly #line: number;
  readonly #held = new Map<string, { readonly cursor: Cursor; fits: boolean }>();

  constructor({ line, cursors }: CursorsThen) {
    this.#line = line;
    for (const cursor of cursors) {
      this.#held.set(`${cursor.memberId} ${cursor.epoch}`, { cursor, fits: cursor.seq === 0 });
    }
  }

  hear(line: number, secondary: string, epoch: string, to: number): void {
    const held = this.#held.get(`${secondary} ${epoch}`);
    if (held === undefined) return;
    const fits = held.cursor.seq === to;
    // An event after the cursor was read moved it on, perhaps between the two looks.
    held.fits = line <= this.#line ? fits : held.fits || fits;
  }

  altered(): Cursor[] {
    return [...this.#held.values()].filter(({ fits }) => !fits).map(({ cursor }) => cursor);
  }
}
