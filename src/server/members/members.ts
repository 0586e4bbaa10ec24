/** Members of this server: reads them where a decision is made, and finds one by what a person typed. */
import { KeystairError } from '#domain/errors.ts';
import type { ServerName } from '#domain/server-name.ts';
import {
  groupOf,
  type Member,
  type MemberKind,
  type MemberPlace,
  mayCall,
  memberPlace,
} from '#domain/member.ts';
import { sortName } from '#domain/name-order.ts';
import { step } from '#domain/step.ts';
import type { MemberRow, NamePosition } from '#store/rows.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { TrustedRows } from '../repository/trusted-rows.ts';

/** Rows judged without a pause, some 2 ms. */
const PAGE_MEMBERS = 500;

export function readMember(rows: TrustedRows, reader: Reader, id: string): Promise<Member | undefined> {
  return rows.get<Member>(reader, 'member', id);
}

export function writeMember(rows: TrustedRows, transaction: Transaction, member: Member): Promise<void> {
  return rows.put(transaction, 'member', member.id, member);
}

/** Members of one kind by name, without removed ones. */
export async function listMembers(
  rows: TrustedRows,
  reader: Reader,
  kind: MemberKind,
): Promise<readonly Member[]> {
  const members: Member[] = [];
  for await (const { member } of eachMember(rows, reader, kind)) members.push(member);
  return members;
}

export function countMembers(reader: Reader, kind: MemberKind): Promise<number> {
  return reader.countMembers(kind);
}

/** One after another, by name: there may be a million devices. Others are served between two pages. */
export async function* eachMember(
  rows: TrustedRows,
  reader: Reader,
  place: MemberPlace,
  after?: NamePosition,
): AsyncGenerator<{ readonly member: Member; readonly position: NamePosition }> {
  for (let position = after; ; ) {
    const page = await reader.membersByName(place, position, PAGE_MEMBERS);
    for (const row of page) {
      const member = memberFound(rows, row);
      if (member !== undefined) yield { member, position: row };
    }
    if (page.length < PAGE_MEMBERS) return;
    position = page.at(-1);
    await new Promise(setImmediate);
  }
}

/** The member of a row that was found by its columns; undefined where its body says otherwise. */
export function memberFound(rows: TrustedRows, row: MemberRow): Member | undefined {
  return rows.found<Member>(row, (member) => isThere(member, row));
}

/** The store's columns only help to find a row. Its body, under the MAC, says what it is. */
function isThere(member: Member, { id, place, sortName: sorted, state, group }: MemberRow): boolean {
  return (
    member.id === id &&
    memberPlace(member) === place &&
    sortName(member.name) === sorted &&
    member.state === state &&
    groupOf(member) === group
  );
}

/**
 * The member that calls, by the whole of its key. Throws `not-a-member` in the same words if the id is unknown, the key
 * is another, or the member was removed, moved or is of the other kind: a stranger learns nothing.
 */
export async function requireMember(
  ports: Pick<ServerPorts, 'rows'>,
  reader: Reader,
  caller: { readonly memberId: string; readonly fingerprint: string },
  kinds: readonly MemberKind[],
): Promise<Member> {
  const member = await readMember(ports.rows, reader, caller.memberId);
  if (
    member === undefined ||
    member.fingerprint !== caller.fingerprint ||
    !mayCall(member) ||
    !kinds.includes(member.kind)
  ) {
    throw notAMember();
  }
  return member;
}

/** The same words for every caller: a stranger learns nothing. */
export function notAMember(): KeystairError {
  return new KeystairError(
    'not-a-member',
    'the caller is not a member of this server that may make this call',
    {
      nextStep:
        'join with a new invitation if it was removed; otherwise check that it calls the right server',
    },
  );
}

/** The row stays, as a refusal, and a permission to recover keys ends with it. Every key that it brought stays. */
export async function removeMember(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'rows' | 'store'>,
  by: string,
  id: string,
  isSeen: (member: Member) => boolean = () => true,
): Promise<void> {
  await ports.store.write(async (transaction) => {
    const member = await readMember(ports.rows, transaction, id);
    if (member === undefined || member.removedAt !== null || !isSeen(member)) return;
    await writeMember(ports.rows, transaction, { ...member, removedAt: isoTime(ports.clock()) });
    await transaction.deleteRow('recovery', id);
    await ports.audit.append(transaction, [
      { event: 'member-removed', by, kind: member.kind, member: id, name: member.name },
    ]);
  });
}

interface Seen {
  readonly isSeen?: ((member: Member) => boolean) | undefined;
}

/**
 * The member of this kind that has this id, or alone has this name. The search does not hold all members: there may be
 * a million. Throws `not-found` or `ambiguous-name`.
 *
 * @param removed whether a removed member is meant if no other has this name.
 * @param isSeen for whom the others are not there.
 */
export async function findMember(
  { rows, store: { reader } }: Pick<ServerPorts, 'rows' | 'store'>,
  kind: MemberKind,
  wanted: string,
  { removed = false, isSeen = () => true }: { readonly removed?: boolean } & Seen = {},
): Promise<Member> {
  const byId = await readMember(rows, reader, wanted);
  if (byId?.kind === kind && (removed || byId.removedAt === null) && isSeen(byId)) return byId;
  const named = await findNamedMembers(rows, reader, kind, wanted, isSeen);
  const { one, count } =
    removed && named.count === 0
      ? await findNamedMembers(rows, reader, `removed ${kind}`, wanted, isSeen)
      : named;
  if (one !== undefined && count === 1) return one;
  throw notNamed(count, kind, wanted);
}

/** The member as it is in the transaction that changes it: found before, and still there. Throws `not-found`. */
export async function requireMemberNow(
  rows: TrustedRows,
  transaction: Reader,
  kind: MemberKind,
  id: string,
  { isSeen = () => true }: Seen = {},
): Promise<Member> {
  const member = await readMember(rows, transaction, id);
  if (member?.kind === kind && member.removedAt === null && isSeen(member)) return member;
  throw notNamed(0, kind, id);
}

/** How many members of a place have exactly this name, and one of them. Reads only those whose names sort alike. */
async function findNamedMembers(
  rows: TrustedRows,
  reader: Reader,
  place: MemberPlace,
  wanted: string,
  isSeen: (member: Member) => boolean,
): Promise<{ readonly one: Member | undefined; readonly count: number }> {
  const sorted = sortName(wanted);
  let one: Member | undefined;
  let count = 0;
  for await (const { member, position } of eachMember(rows, reader, place, { sortName: sorted, id: '' })) {
    if (position.sortName !== sorted) break;
    if (member.name !== wanted || !isSeen(member)) continue;
    one = member;
    count += 1;
  }
  return { one, count };
}

/** The one of these that has this id, or alone has this name. */
export function findNamed<T extends ServerName>(
  things: readonly T[],
  wanted: string,
  what: 'secondary' | 'neighbour',
): T {
  const byId = things.find((thing) => thing.id === wanted);
  if (byId !== undefined) return byId;
  const named = things.filter((thing) => thing.name === wanted);
  if (named.length === 1) return named[0]!;
  throw notNamed(named.length, what, wanted);
}

function notNamed(count: number, what: MemberKind | 'neighbour', wanted: string): KeystairError {
  if (count > 1) {
    return new KeystairError('ambiguous-name', `${count} ${what}s have the name ${JSON.stringify(wanted)}`, {
      nextStep: step(what === 'device' ? 'use-id-of-device' : 'use-id-of-server'),
    });
  }
  return new KeystairError('not-found', `no ${what} here has the name or id ${JSON.stringify(wanted)}`, {
    nextStep: step(what === 'device' ? 'look-at-devices' : 'look-at-servers'),
  });
}
