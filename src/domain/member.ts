/**
 * A member: a device or secondary that joined this server. A row with its public key, read at every request; what is
 * not in the row is not granted.
 */
import { ROOT_GROUP } from './group.ts';
import type { ServerName } from './server-name.ts';

export type MemberKind = 'device' | 'secondary';

export const DEVICE_STATES = ['managed', 'arriving', 'moved'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

export interface Member {
  readonly id: string;
  readonly kind: MemberKind;
  readonly name: string;
  /** SHA-256 of the public key (SPKI), 64 hexadecimal digits. Bound to the id at the first join. */
  readonly fingerprint: string;
  /** SPKI in base64: what renewed certificates are made for. */
  readonly publicKey: string;
  /** Secondaries: no key crosses the link, in either direction. */
  readonly dmz: boolean;
  /**
   * - `managed`: joined.
   * - `arriving`: a device of another server that has joined but not moved over.
   * - `moved`: a device that told us it went to `movedTo`. Its keys stay; it may not call any more.
   */
  readonly state: DeviceState;
  readonly movedTo: ServerName | null;
  /** Of a device: the id of the group in which it stands; absent for the root group. */
  readonly group?: string | undefined;
  /** Of a device: the number of the change that brought it to its group. */
  readonly policyNumber?: number | undefined;
  /** A secondary's, by its own word: an export can be sealed to it. Absent until it told one. */
  readonly recipient?: string | undefined;
  /** ISO 8601. */
  readonly joinedAt: string;
  /** ISO 8601, or null while it is a member. Set for ever: a removed member's row stays, as a refusal. */
  readonly removedAt: string | null;
}

/** The place where a member is looked up. */
export type MemberPlace = MemberKind | `removed ${MemberKind}`;

export const MEMBER_PLACES: readonly MemberPlace[] = [
  'device',
  'secondary',
  'removed device',
  'removed secondary',
];

export function memberPlace({ kind, removedAt }: Pick<Member, 'kind' | 'removedAt'>): MemberPlace {
  return removedAt === null ? kind : `removed ${kind}`;
}

/** The group that the row names. It may be gone: then the device stands in the root group. */
export function groupOf({ group }: Pick<Member, 'group'>): string {
  return group ?? ROOT_GROUP;
}

/** The device in that group. @param policyNumber of the change that brings it there. */
export function inGroup(device: Member, group: string, policyNumber: number): Member {
  return { ...device, group: group === ROOT_GROUP ? undefined : group, policyNumber };
}

/** Whether it is a device that obeys this server now: not one that is on its way here, has moved away or was removed. */
export function isManaged({ kind, state, removedAt }: Pick<Member, 'kind' | 'state' | 'removedAt'>): boolean {
  return kind === 'device' && state === 'managed' && removedAt === null;
}

/** Whether this member may call at all. */
export function mayCall(member: Member): boolean {
  return member.removedAt === null && member.state !== 'moved';
}
