/**
 * Rights: what a person may do in a functional area, and the one question for them.
 *
 * Invariants: refused by default, a person has what they were given. A `Caller` is made here alone, of a person who has
 * every right that the call needs: an operation that is handed one asks for nothing more.
 */
import { KeystairError } from './errors.ts';

/** Every right there is. Of the key register there is nothing to write, and a reveal is no list. */
export const RIGHTS = [
  { area: 'Administration Server', right: 'Read' },
  { area: 'Administration Server', right: 'Write' },
  { area: 'Hierarchy of Administration Servers', right: 'Read' },
  { area: 'Hierarchy of Administration Servers', right: 'Write' },
  { area: 'Managed devices', right: 'Read' },
  { area: 'Managed devices', right: 'Write' },
  /** That keys exist, and why one can or cannot be had. */
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

/** Who signed in, as the audit log names them. What they may do was not asked yet. */
export interface Person {
  readonly name: string;
  readonly rights: readonly RequiredRight[];
}

/** Whoever may open the data directory's socket owns the data directory: all rights, under this name. */
export const LOCAL_ADMINISTRATOR: Person = { name: 'local administrator', rights: RIGHTS };

declare const wasAllowed: unique symbol;

/** Who calls, and the proof that they may. */
export interface Caller {
  readonly name: string;
  readonly [wasAllowed]: true;
}

/** Throws `not-allowed`, with area and right of the first that is lacking. */
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
