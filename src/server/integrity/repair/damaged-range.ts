/**
 * Consecutive numbers that are all damaged. They are repaired together: the chain proves each of them by what stands
 * before and behind the whole run.
 */
import { toHex } from '#domain/hex.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import type { Damage, KeyFault } from '../verify/findings.ts';

/** What the audit log, if intact, says of a number: the log is sealed, and the number's row is not. */
export interface Hint {
  readonly id: string | undefined;
  readonly receivedFrom: string;
  /** Unix ms. */
  readonly at: number;
}

export interface DamagedRange {
  readonly from: number;
  readonly to: number;
  /** By number. */
  readonly hints: ReadonlyMap<number, Hint>;
  /** Ids of the records that belong there, as far as rows and log tell. */
  readonly ids: ReadonlySet<string>;
  /** Their digests, as hexadecimal digits. */
  readonly digests: ReadonlySet<string>;
  /** Rows are missing, so any record may be one of them. */
  readonly gaps: boolean;
  /** Where its keys came from: by the log, or else by the damaged rows. */
  readonly sources: ReadonlySet<string>;
}

/** More in one run is not damage but another repository: restore a backup instead. */
export const GROUP_KEYS_MAX = 1000;

/** @param damages by rising number. @param auditWhole whether the log may be believed. */
export function groupsOf(damages: readonly Damage[], auditWhole: boolean): DamagedRange[] {
  const groups: DamagedRange[] = [];
  for (let at = 0; at < damages.length; ) {
    let end = at + 1;
    while (end < damages.length && joins(damages[end - 1]!, damages[end]!)) end += 1;
    groups.push(groupOf(damages.slice(at, end), auditWhole));
    at = end;
  }
  return groups;
}

/** A number whose chain value is right is proved by that alone. */
function joins(left: Damage, right: Damage): boolean {
  return right.seq === left.to + 1 && [left, right].some(({ faults }) => faults.some(breaksChain));
}

function breaksChain(fault: KeyFault): boolean {
  return fault === 'chain' || fault === 'other-record' || fault === 'missing';
}

function groupOf(damages: readonly Damage[], auditWhole: boolean): DamagedRange {
  const hints = new Map<number, Hint>();
  const sources = new Set<string>();
  for (const damage of damages) {
    for (const told of damage.told) sources.add(told.receivedFrom);
    if (damage.told.length === 0 && damage.receivedFrom !== null) sources.add(damage.receivedFrom);
    if (auditWhole) hint(hints, damage);
  }
  const ids = [...damages.map(({ id }) => id), ...[...hints.values()].map(({ id }) => id)];
  return {
    from: damages[0]!.seq,
    to: damages.at(-1)!.to,
    hints,
    ids: new Set(ids.filter((id) => typeof id === 'string')),
    digests: new Set(damages.map(({ digest }) => digest).filter((digest) => digest !== null)),
    gaps: damages.some(({ faults }) => faults.includes('missing')),
    sources,
  };
}

/** All groups as one, with what lies between them. */
export function joined(groups: readonly DamagedRange[]): DamagedRange {
  return {
    from: groups[0]!.from,
    to: groups.at(-1)!.to,
    hints: new Map(groups.flatMap(({ hints }) => [...hints])),
    ids: new Set(groups.flatMap(({ ids }) => [...ids])),
    digests: new Set(groups.flatMap(({ digests }) => [...digests])),
    gaps: groups.some(({ gaps }) => gaps),
    sources: new Set(groups.flatMap(({ sources }) => [...sources])),
  };
}

/** Whether a record may belong there. */
export function mayBelong({ ids, digests, gaps }: DamagedRange, { complete, digest }: CheckedKey): boolean {
  return gaps || ids.has(complete.key.id) || digests.has(toHex(digest));
}

function hint(hints: Map<number, Hint>, { seq, to, told }: Damage): void {
  for (const { from, to: last, first, receivedFrom, at } of told) {
    const end = Math.min(to, last, seq + GROUP_KEYS_MAX);
    for (let number = Math.max(seq, from); number <= end; number += 1) {
      hints.set(number, { id: number === from ? first : undefined, receivedFrom, at });
    }
  }
}
