/** The calls about roles. A role's name identifies it. Built-in roles cannot be changed. */
import { z } from 'zod';
import { ROLES_MAX } from '#domain/people-limits.ts';
import { read, write } from '#domain/right.ts';
import { list } from '../../forms.ts';
import { Empty, Named } from '../people-fields.ts';
import { row } from '../people-route.ts';
import { ListedRole, RightList, RoleName } from '../person-forms.ts';

const PEOPLE = 'People';
/** Enough for the built-in roles of this and later releases. */
const BUILT_IN_ROLES_MAX = 50;

export const ROLE_ROUTES = {
  listRoles: row({
    method: 'GET',
    path: '/roles',
    summary: 'Lists the roles and the rights that each gives.',
    rights: [read(PEOPLE)],
    request: Empty,
    answer: z.object({ roles: list(ListedRole, ROLES_MAX + BUILT_IN_ROLES_MAX) }),
    example: {},
  }),
  showRole: row({
    method: 'GET',
    path: '/roles/{id}',
    summary: 'Shows one role and the rights that it gives.',
    rights: [read(PEOPLE)],
    request: z.object({ id: Named }),
    answer: z.object({ role: ListedRole }),
    version: ({ role }) => ({ role }),
    example: { id: 'Enroller' },
  }),
  addRole: row({
    method: 'POST',
    path: '/roles',
    summary: 'Adds a role with these rights.',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({ name: RoleName, rights: RightList }),
    answer: z.object({ role: ListedRole }),
    example: { name: 'Enroller', rights: [{ area: 'Managed devices', right: 'Write' }] },
  }),
  setRole: row({
    method: 'PATCH',
    path: '/roles/{id}',
    summary: 'Gives a role exactly these rights, for everybody who has it.',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({ id: Named, rights: RightList }),
    answer: z.object({ role: ListedRole }),
    version: ({ role }) => ({ role }),
    example: { id: 'Enroller', rights: [{ area: 'Managed devices', right: 'Read' }] },
  }),
  removeRole: row({
    method: 'DELETE',
    path: '/roles/{id}',
    summary: 'Removes a role that nobody has.',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({ id: Named }),
    answer: z.object({ role: ListedRole }),
    example: { id: 'Enroller' },
  }),
} as const;
