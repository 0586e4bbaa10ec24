/**
 * Gives keys back, at the primary: a secondary that lost keys learns which keys came from it and gets those it lacks.
 *
 * Invariants: this happens only while an administrator here allows it and the link is open, both checked before the
 * audit event and again after it; only records are given that came from that secondary or were made on its devices,
 * judged by what the barrier authenticates; the event of a page is durable before its material leaves.
 */
import {
  ANSWER_BYTES_MAX,
  RECOVERY_PAGE_KEYS,
  RECOVERY_SCAN_KEYS,
  TRANSFER_PAGE_KEYS,
} from '#domain/limits.ts';
import { codeOf } from '#domain/errors.ts';
import type { Member } from '#domain/member.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import type { RecoveryRefusal } from '#protocol/messages.ts';
import { keyToWire, type WireKey } from '#protocol/wire-key.ts';
import type { StoredKey } from '#store/rows.ts';
import type { Refusals } from '../../audit/refusals.ts';
import { judgeSecondary } from '../secondaries/judge-secondary.ts';
import { openStoredKey, publicFields } from '../../records/record-keys.ts';
import type { HierarchyPorts } from '../ports.ts';
import { toHex } from '#domain/hex.ts';
import { recoveryAllowedUntil } from './allow-recovery.ts';

export interface ServeRecoveryPorts
  extends Pick<HierarchyPorts, 'audit' | 'barrier' | 'clock' | 'reported' | 'rows' | 'server' | 'store'> {
  readonly refusals: Refusals;
}

/** Half of what is accepted, as with batches, so that the last key always fits. */
const ANSWER_BYTES = ANSWER_BYTES_MAX / 2;

/** Lists the keys that came from the caller: ids, and digests to compare. No material, and no claim hashes. */
export async function listRecoverable(
  ports: ServeRecoveryPorts,
  member: Member,
  readAgain: () => Promise<Member>,
  request: RequestOf<'recoverable'>,
): Promise<AnswerOf<'recoverable'>> {
  const refusal = await judge(ports, member);
  if (refusal !== undefined) return noted(ports, member, refusal);
  const { reader } = ports.store;
  const keys: { id: string; digest: string }[] = [];
  const last = request.after + RECOVERY_SCAN_KEYS;
  let next: number | null = request.after;
  while (next !== null && next < last && keys.length < RECOVERY_PAGE_KEYS) {
    const rows: readonly StoredKey[] = await reader.keysAfter(next, TRANSFER_PAGE_KEYS);
    for (const row of rows) {
      if (cameFrom(row, member)) keys.push({ id: row.id, digest: toHex(row.digest) });
    }
    next = rows.length < TRANSFER_PAGE_KEYS ? null : rows.at(-1)!.seq;
    if (next !== null) await new Promise(setImmediate);
  }
  const since = await judge(ports, await readAgain());
  if (since !== undefined) return noted(ports, member, since);
  return { outcome: 'page', keys, next, of: (await reader.head()).seq };
}

export async function serveRecovery(
  ports: ServeRecoveryPorts,
  member: Member,
  readAgain: () => Promise<Member>,
  request: RequestOf<'recover'>,
): Promise<AnswerOf<'recover'>> {
  const refusal = await judge(ports, member);
  if (refusal !== undefined) return noted(ports, member, refusal);
  const page = await readPage(ports, member, request.ids);
  const [first] = page.seqs;
  if (first !== undefined) {
    await ports.audit.record({
      event: 'keys-returned',
      by: `secondary:${member.id}`,
      secondary: member.id,
      from: Math.min(...page.seqs),
      to: Math.max(...page.seqs),
      keys: page.keys.length,
      first: page.keys[0]!.key.id,
    });
  }
  // The flush took a moment.
  const since = await judge(ports, await readAgain());
  if (since !== undefined) return noted(ports, member, since);
  return { outcome: 'keys', keys: page.keys, notGiven: page.notGiven };
}

interface Page {
  readonly keys: WireKey[];
  readonly seqs: number[];
  readonly notGiven: { id: string; reason: 'unknown' | 'unreadable' }[];
}

/** As many keys as fit into one answer. */
async function readPage(ports: ServeRecoveryPorts, member: Member, ids: readonly string[]): Promise<Page> {
  const page: Page = { keys: [], seqs: [], notGiven: [] };
  let bytes = 0;
  for (const id of ids) {
    if (bytes > ANSWER_BYTES) break;
    const row = await ports.store.reader.keyById(id);
    const wire = row === undefined ? 'unknown' : wireOf(ports, member, row);
    if (typeof wire === 'string') {
      page.notGiven.push({ id, reason: wire });
      continue;
    }
    page.keys.push(wire);
    page.seqs.push(row!.seq);
    bytes += row!.fields.length + wire.material.length + id.length;
  }
  return page;
}

/** A key that is not the caller's is answered as unknown, like a key that is not here. */
function wireOf(
  ports: ServeRecoveryPorts,
  member: Member,
  row: StoredKey,
): WireKey | 'unknown' | 'unreadable' {
  if (!cameFrom(row, member)) return 'unknown';
  try {
    // It opens only if its source and every field are as they were written.
    return keyToWire(openStoredKey(ports.barrier, row));
  } catch (error) {
    if (codeOf(error) !== 'record-unreadable') throw error;
    return 'unreadable';
  }
}

/**
 * The row says who brought the key first. A server that recovered keys from its own primary, or imported them, has them
 * under another source. Keys made on the caller's devices say so in their content, to which the id is bound.
 */
function cameFrom(row: StoredKey, member: Member): boolean {
  if (row.receivedFrom === `secondary:${member.id}`) return true;
  try {
    return publicFields(row).origin === member.id;
  } catch {
    // If the fields cannot be read, the key belongs to nobody.
    return false;
  }
}

async function judge(ports: ServeRecoveryPorts, member: Member): Promise<RecoveryRefusal | undefined> {
  const closed = await judgeSecondary(ports, member, []);
  if (closed !== undefined) {
    const reason = closed.reason === 'link-in-dmz' ? 'link-in-dmz' : 'option-off';
    return { outcome: 'refused', reason, at: closed.at };
  }
  const until = await recoveryAllowedUntil(ports, ports.store.reader, member.id);
  return until === undefined ? { outcome: 'refused', reason: 'not-allowed', at: ports.server } : undefined;
}

async function noted(
  ports: ServeRecoveryPorts,
  member: Member,
  refusal: RecoveryRefusal,
): Promise<RecoveryRefusal> {
  const by = `secondary:${member.id}`;
  await ports.refusals.note(by, `recovery ${refusal.reason}`, {
    event: 'recovery-refused',
    by,
    secondary: member.id,
    reason: refusal.reason,
  });
  return refusal;
}
