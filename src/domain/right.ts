/**
 * Rights: what an administrator may do in a functional area. Refused by default: a caller has what it was given.
 */
import { KeystairError } from './errors.ts';

export const FUNCTIONAL_AREAS = [
  'Encryption key management',
  'Hierarchy of Administration Servers',
  'Managed devices',
  'Administration Server',
] as const;
export type FunctionalArea = (typeof FUNCTIONAL_AREAS)[number];
export type Right = 'Read' | 'Write';

export interface RequiredRight {
  readonly area: FunctionalArea;
  readonly right: Right;
}

/** Who asks: a person, as the audit log names them. */
export interface Caller {
  readonly name: string;
  readonly rights: ReadonlyMap<FunctionalArea, ReadonlySet<Right>>;
}

/** Whoever may open the data directory's socket owns the data directory: all rights, under this name. */
export const LOCAL_ADMINISTRATOR: Caller = {
  name: 'local administrator',
  rights: new Map(FUNCTIONAL_AREAS.map((area) => [area, new Set<Right>(['Read', 'Write'])])),
};

function hasRight(caller: Caller, required: RequiredRight): boolean {
  return caller.rights.get(required.area)?.has(required.right) ?? false;
}

/** Throws `not-allowed` unless the caller has the right. */
export function demandRight(caller: Caller, required: RequiredRight): void {
  if (hasRight(caller, required)) return;
  throw new KeystairError(
    'not-allowed',
    `${caller.name} lacks the right ${required.right} on "${required.area}"`,
    {
      nextStep: 'ask an administrator who may give rights on this server',
    },
  );
}
