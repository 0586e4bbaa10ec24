/**
 * Rights: what a person may do in a functional area, and the one question for them.
 *
 * Invariants: every right is refused by default; a person has those they were given. Only this file makes a `Caller`,
 * and only of a person who has every right that the call needs: an operation that is handed one checks nothing more.
 */
import { KeystairError } from './errors.ts';
import { step } from './step.ts';

/** Every right there is. The key register has nothing to write, and a reveal is no list. */
export const RIGHTS = [
  { area: 'Administration Server', right: 'Read' },
  { area: 'Administration Server', right: 'Write' },
  { area: 'Hierarchy of Administration Servers', right: 'Read' },
  { area: 'Hierarchy of Administration Servers', right: 'Write' },
  { area: 'Managed devices', right: 'Read' },
  { area: 'Managed devices', right: 'Write' },
  /** That keys exist, and why one can or cannot be obtained. */
  { area: 'Key register', right: 'Read' },
  /** Export. */
  { area: 'Encryption key management', right: 'Read' },
  /** Import, recovery, repair. */
  { area: 'Encryption key management', right: 'Write' },
  /** The material of one key. */
  { area: 'Key reveal', right: 'Write' },
  { area: 'People', right: 'Read' },
  { area: 'People', right: 'Write' },
  /** Read: see requests. Write: answer them. */
  { area: 'Approvals', right: 'Read' },
  { area: 'Approvals', right: 'Write' },
  { area: 'Audit log', right: 'Read' },
  { area: 'Audit log', right: 'Write' },
] as const;
export type RequiredRight = (typeof RIGHTS)[number];
/** What a call needs: never nothing. */
export type RequiredRights = readonly [RequiredRight, ...RequiredRight[]];
type AreaWith<Right> = Extract<RequiredRight, { readonly right: Right }>['area'];

export function read(area: AreaWith<'Read'>): RequiredRight {
  return { area, right: 'Read' };
}

export function write(area: AreaWith<'Write'>): RequiredRight {
  return { area, right: 'Write' };
}

/** A right as somebody holds it: everywhere, or for the devices of these groups and no others. */
export type HeldRight = RequiredRight & { readonly groups?: ReadonlySet<string> | undefined };

/** Somebody who is known. Their rights are not checked yet. */
export interface Person {
  /** Null for the owner of the data directory, who is no row. */
  readonly id: string | null;
  /** As the audit log names them. */
  readonly name: string;
  readonly rights: readonly HeldRight[];
  /** Null where every call proves who they are: at the socket, and with the key of a service account. */
  readonly session: {
    readonly id: string;
    /** When they last proved who they are, Unix ms. */
    readonly signedInAt: number;
    readonly expiresAt: number;
  } | null;
}

/** A person who may open the data directory's socket owns the data directory: all rights, under this name. */
export const LOCAL_ADMINISTRATOR: Person = {
  id: null,
  name: 'local administrator',
  rights: RIGHTS,
  session: null,
};

declare const wasAllowed: unique symbol;

/** The approval of other people that a call uses. */
export interface UsedApproval {
  readonly id: string;
  /** How many approvers count. */
  readonly approvers: number;
  /** Of an export: the highest number that it covers. Keys recorded later were not approved. */
  readonly upTo?: number | undefined;
}

/** The caller, and the proof that they may call. */
export interface Caller extends Person {
  readonly [wasAllowed]: true;
  readonly approval?: UsedApproval | undefined;
}

/** Somewhere at least. */
export function hasRight({ rights }: Pick<Person, 'rights'>, { area, right }: RequiredRight): boolean {
  return rights.some((one) => one.area === area && one.right === right);
}

function hasEverywhere({ rights }: Person, { area, right }: RequiredRight): boolean {
  return rights.some((one) => one.area === area && one.right === right && one.groups === undefined);
}

/**
 * Throws `not-allowed`, with area and right of the first that is missing.
 *
 * @param where `somewhere` for a call that itself looks for which devices the rights hold.
 */
export function requireRights(
  person: Person,
  required: readonly RequiredRight[],
  where: 'everywhere' | 'somewhere' = 'everywhere',
): Caller {
  const lacking = required.find((one) => !hasRight(person, one));
  const limited = where === 'everywhere' ? required.find((one) => !hasEverywhere(person, one)) : undefined;
  const missing = lacking ?? limited;
  if (missing === undefined) return person as Caller;
  const { area, right } = missing;
  const needs = `this needs the right ${right} on "${area}"`;
  const message =
    lacking === undefined ? `${needs} everywhere, and yours is limited to groups of devices` : needs;
  throw new KeystairError('not-allowed', message, {
    nextStep: step('ask-for-right'),
    details: { area, right, ...(lacking === undefined ? { limited: true } : {}) },
  });
}

/** How long a sign-in counts for acts that move or open keys: as long as one of them takes, and a coffee does not. */
const FRESH_SIGN_IN_MS = 5 * 60 * 1000;

/** Throws `sign-in-stale`. */
export function requireFreshSignIn({ session }: Person, now: number): void {
  if (session === null) return;
  const age = now - session.signedInAt;
  if (age >= 0 && age <= FRESH_SIGN_IN_MS) return;
  throw new KeystairError('sign-in-stale', 'this needs a sign-in within the last five minutes', {
    nextStep: step('sign-in-again'),
  });
}
