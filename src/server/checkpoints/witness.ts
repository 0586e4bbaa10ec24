/**
 * What this server has witnessed of its neighbours' audit logs, and whether each one's next checkpoint continues that.
 *
 * Invariants: a neighbour's new state is written in the transaction that the answer waits for, so a later checkpoint
 * cannot contradict a countersigned one unnoticed. A checkpoint that does not continue is kept as evidence and changes
 * nothing. Once an administrator acknowledges the gap, the next checkpoint is taken as the first.
 */
import { verifyNote } from '#crypto/note-keys.ts';
import type { GapKind, LogHead } from '#domain/audit-log.ts';
import { toHex } from '#domain/hex.ts';
import { verifyConsistency } from '#domain/merkle-tree.ts';
import { parseNote, parseVerifierKey, signatureLine, type VerifierKey } from '#domain/signed-note.ts';
import type { CheckpointMessage } from '#protocol/checkpoint-messages.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';
import { type Checkpoints, headOf, sameHead, sizedRoot } from './checkpoints.ts';
import { verifierKeys } from './log-keys.ts';

/** A neighbour's last checkpoint that continued the earlier ones. */
export interface HeldLog extends LogHead {
  readonly note: string;
  /** Verifier keys, as the neighbour sent them with its first checkpoint. */
  readonly keys: readonly string[];
  /** ISO 8601. */
  readonly at: string;
}

export interface AuditGap {
  readonly what: GapKind;
  readonly foundAt: string;
  readonly held: LogHead & { readonly note: string };
  /** The checkpoint that was refused, or that began the new epoch. */
  readonly told: (LogHead & { readonly note: string }) | null;
  /** For a new epoch: whether a proof showed that it contains every witnessed line. */
  readonly continues: boolean;
  readonly acknowledged?: { readonly by: string; readonly at: string };
}

/** Gaps kept for one neighbour: the unacknowledged one, and the evidence of some earlier ones. */
const GAPS_KEPT_MAX = 8;

export function readHeld(rows: TrustedRows, reader: Reader, id: string): Promise<HeldLog | undefined> {
  return rows.get<HeldLog>(reader, 'checkpoint', `of:${id}`);
}

export async function readGaps(rows: TrustedRows, reader: Reader, id: string): Promise<readonly AuditGap[]> {
  return (await rows.get<readonly AuditGap[]>(reader, 'checkpoint', `gaps:${id}`)) ?? [];
}

export function openGaps(gaps: readonly AuditGap[]): readonly AuditGap[] {
  return gaps.filter(({ acknowledged }) => acknowledged === undefined);
}

/** The result of judging a neighbour's checkpoint. */
export type Verdict =
  | { readonly outcome: 'continues'; readonly told: HeldLog }
  | { readonly outcome: 'new-epoch'; readonly told: HeldLog; readonly continues: boolean }
  /** The proof does not begin at the held checkpoint. */
  | { readonly outcome: 'proof-wanted' }
  | { readonly outcome: Exclude<GapKind, 'new-epoch' | 'withheld'>; readonly told: HeldLog | null };

/** @param mayBe whether an origin may be this neighbour's. */
export function judgeCheckpoint(
  held: HeldLog | undefined,
  message: CheckpointMessage,
  mayBe: (origin: string) => boolean,
  at: string,
): Verdict {
  const keys = message.keys.map(parseVerifierKey).filter((key) => key !== undefined);
  const verified = verifyNote(message.note, keys);
  if (verified === undefined || !mayBe(verified.checkpoint.origin) || !signedByAll(verified, keys))
    return { outcome: 'invalid', told: null };
  const { origin, size, root } = verified.checkpoint;
  const told: HeldLog = { origin, size, root: toHex(root), note: message.note, keys: message.keys, at };
  if (held === undefined) return { outcome: 'continues', told };
  if (!sameKeys(held.keys, message.keys)) return { outcome: 'other-key', told };
  const proof = message.proof.map((hash) => Buffer.from(hash, 'base64'));
  const follows = (): boolean => verifyConsistency(sizedRoot(held), { size, root }, proof);
  if (origin !== held.origin) {
    return { outcome: 'new-epoch', told, continues: message.from === held.size && follows() };
  }
  if (size > held.size && message.from !== held.size) return { outcome: 'proof-wanted' };
  return size >= held.size && follows() ? { outcome: 'continues', told } : { outcome: 'rewritten', told };
}

function signedByAll(
  { by, checkpoint }: { by: readonly VerifierKey[]; checkpoint: LogOrigin },
  keys: readonly VerifierKey[],
) {
  return (
    by.length === keys.length &&
    keys.some(({ type }) => type === 'ed25519') &&
    by.every(({ name }) => name === checkpoint.origin)
  );
}

type LogOrigin = { readonly origin: string };

/** Compares keys without the log's name, which changes with the epoch. */
function sameKeys(one: readonly string[], other: readonly string[]): boolean {
  const bare = (keys: readonly string[]) =>
    keys
      .map((key) => key.slice(key.lastIndexOf('+')))
      .toSorted()
      .join();
  return bare(one) === bare(other);
}

type WitnessPorts = Pick<ServerPorts, 'audit' | 'clock' | 'rows'>;

/** Stores what the verdict says. Returns the gap if it is new. */
export async function keepVerdict(
  ports: WitnessPorts,
  transaction: Transaction,
  id: string,
  held: HeldLog | undefined,
  verdict: Verdict,
): Promise<AuditGap | undefined> {
  if (verdict.outcome === 'proof-wanted') return undefined;
  if (verdict.outcome === 'continues' || verdict.outcome === 'new-epoch') {
    if (held === undefined || !sameHead(held, verdict.told))
      await ports.rows.put(transaction, 'checkpoint', `of:${id}`, verdict.told);
    if (verdict.outcome === 'continues') return undefined;
  }
  return held === undefined ? undefined : noteGap(ports, transaction, id, held, verdict);
}

/** Notes that a neighbour sent no checkpoint although it sent some before. */
export function noteWithheld(
  ports: WitnessPorts,
  transaction: Transaction,
  id: string,
  held: HeldLog,
): Promise<AuditGap | undefined> {
  return noteGap(ports, transaction, id, held, { outcome: 'withheld', told: null });
}

async function noteGap(
  ports: WitnessPorts,
  transaction: Transaction,
  id: string,
  held: HeldLog,
  {
    outcome,
    told,
    ...more
  }: { readonly outcome: GapKind; readonly told: HeldLog | null; readonly continues?: boolean },
): Promise<AuditGap | undefined> {
  const gaps = await readGaps(ports.rows, transaction, id);
  const known = openGaps(gaps).some(({ what, held: before }) => what === outcome && sameHead(before, held));
  // The first refused note is the evidence; repeating it takes no more space.
  if (known) return undefined;
  const gap: AuditGap = {
    what: outcome,
    foundAt: isoTime(ports.clock()),
    held: { ...headOf(held), note: held.note },
    told: told === null ? null : { ...headOf(told), note: told.note },
    continues: more.continues ?? false,
  };
  await ports.rows.put(transaction, 'checkpoint', `gaps:${id}`, [...gaps, gap].slice(-GAPS_KEPT_MAX));
  await ports.audit.append(transaction, [
    {
      event: 'audit-gap-found',
      by: 'server',
      server: id,
      what: outcome,
      held: headOf(held),
      told: told === null ? null : headOf(told),
    },
  ]);
  return gap;
}

/**
 * Acknowledges the open gaps of a neighbour. Forgets what was witnessed of its log, unless the log continues in a new
 * epoch; the next checkpoint is then taken as the first. Returns how many gaps there were.
 */
export async function clearGaps(
  ports: WitnessPorts,
  transaction: Transaction,
  id: string,
  by: string,
): Promise<number> {
  const gaps = await readGaps(ports.rows, transaction, id);
  const open = openGaps(gaps);
  if (open.length === 0) return 0;
  const acknowledged = { by, at: isoTime(ports.clock()) };
  await ports.rows.put(
    transaction,
    'checkpoint',
    `gaps:${id}`,
    gaps.map((gap) => (gap.acknowledged === undefined ? { ...gap, acknowledged } : gap)),
  );
  if (open.some(({ what }) => what !== 'new-epoch')) await transaction.deleteRow('checkpoint', `of:${id}`);
  await ports.audit.append(transaction, [
    { event: 'audit-gap-acknowledged', by, server: id, gaps: open.length },
  ]);
  return open.length;
}

/** Countersignatures of what is held now, for the neighbour to store. */
export function countersign(
  checkpoints: Checkpoints,
  { origin, size, root }: LogHead,
  at: number,
): { readonly signatures: string; readonly keys: string[] } {
  const checkpoint = { origin, ...sizedRoot({ size, root }) };
  const lines = checkpoints.witness.map((signer) => signatureLine(signer.sign(checkpoint, at)));
  return { signatures: lines.join(''), keys: verifierKeys(checkpoints.witness) };
}

/** The note with the countersignatures, if they verify. */
export function withCountersignature(
  note: string,
  { signatures, keys }: { readonly signatures: string; readonly keys: readonly string[] },
  mayBe: (name: string) => boolean,
): { readonly head: LogHead; readonly note: string; readonly at: number } | undefined {
  const trusted = keys.flatMap((text) => {
    const key = parseVerifierKey(text);
    return key !== undefined && mayBe(key.name) ? [key] : [];
  });
  const verified = verifyNote(`${parseNote(note)?.text}\n${signatures}`, trusted);
  if (verified === undefined || verified.at === null) return undefined;
  const { origin, size, root } = verified.checkpoint;
  return { head: { origin, size, root: toHex(root) }, note: `${note}${signatures}`, at: verified.at };
}
