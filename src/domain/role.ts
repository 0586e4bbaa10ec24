/**
 * Roles: sets of rights under a name. Nothing else gives a right, and nothing takes one away that a role gives.
 *
 * Invariant: no built-in role has both a right over keys and one over people: a person who gives rights does not hold
 * the keys.
 */
import type { Changed } from './changed.ts';
import { sortName } from './name-order.ts';
import { read, type RequiredRight, RIGHTS, write } from './right.ts';

export interface Role {
  readonly name: string;
  readonly rights: readonly RequiredRight[];
  readonly changed?: Changed | undefined;
}

const SERVER = 'Administration Server';
const HIERARCHY = 'Hierarchy of Administration Servers';
const DEVICES = 'Managed devices';
const REGISTER = 'Key register';
const KEYS = 'Encryption key management';

/** Those that come with the server. */
export const BUILT_IN_ROLES = [
  {
    name: 'Server administrator',
    // Requests it sees and does not answer: else it could approve what custodians ask of it.
    rights: RIGHTS.filter(
      ({ area, right }) =>
        area !== KEYS && area !== 'Key reveal' && !(area === 'Approvals' && right === 'Write'),
    ),
  },
  {
    name: 'Key custodian',
    rights: [
      read(SERVER),
      read(HIERARCHY),
      read(DEVICES),
      read(REGISTER),
      read(KEYS),
      write(KEYS),
      write('Key reveal'),
    ],
  },
  { name: 'Help desk', rights: [read(REGISTER), write('Key reveal')] },
  { name: 'Auditor', rights: RIGHTS.filter(({ area, right }) => right === 'Read' && area !== KEYS) },
  { name: 'Approver', rights: [read('Approvals'), write('Approvals')] },
] as const satisfies readonly Role[];

/** The role of the first person of a new server. */
export const FIRST_ROLE = BUILT_IN_ROLES[0].name;

export function builtInRole(name: string): Role | undefined {
  const sorted = sortName(name);
  return BUILT_IN_ROLES.find((role) => sortName(role.name) === sorted);
}
