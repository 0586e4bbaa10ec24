/**
 * Rights: what a person may do in a functional area, and the one question for them.
 *
 * Invariants: every right is refused by default; a person has those they were given. Only this file makes a `Caller`,
 * and only of a person who has every right that the call needs: an operation that is handed one checks nothing more.
 */
import { KeystairError } from './errors.ts';

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

/** A signed-in person, as the audit log names them. Their rights are not checked yet. */
export interface Person {
  readonly name: string;
  readonly rights: readonly RequiredRight[];
}

/** A person who may open the data directory's socket owns the data directory: all rights, under this name. */
export const LOCAL_ADMINISTRATOR: Person = { name: 'local administrator', rights: RIGHTS };

declare const wasAllowed: unique symbol;

/** The caller, and the proof that they may call. */
export interface Caller {
  readonly name: string;
  readonly [wasAllowed]: true;
}

/** Throws `not-allowed`, with area and right of the first that is missing. */
export function requireRights({ name, rights }: Person, required: readonly RequiredRight[]): Caller {
  const lacking = required.find(
    (one) => !rights.some(({ area, right }) => area === one.area && right === one.right),
  );
  if (lacking === undefined) return { name } as Caller;
  const { area, right } = lacking;
  throw new KeystairError('not-allowed', `${name} lacks the right ${right} on "${area}"`, {
    nextStep: 'ask an administrator who may give rights on this server',
    details: { area, right },
  });
}
