/** People, roles, rights and sessions, in the form that the API shows. */
import { z } from 'zod';
import { GROUPS_MAX } from '#domain/group.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { LIMIT_GROUPS_MAX, PERSON_ROLES_MAX, ROLE_NAME_LENGTH_MAX } from '#domain/people-limits.ts';
import { RIGHTS, type RequiredRight } from '#domain/right.ts';
import { list, remark, STOPS, text } from '../forms.ts';
import { Field, Named } from './people-fields.ts';
import type { Versioned } from './people-route.ts';

const AREAS = [...new Set(RIGHTS.map(({ area }) => area))];

export const RightForm = z
  .object({ area: z.enum(AREAS), right: z.enum(['Read', 'Write']) })
  .refine(({ area, right }) => RIGHTS.some((one) => one.area === area && one.right === right), {
    ...STOPS,
    message: 'there is no such right',
  });
export const RightList = list(RightForm, RIGHTS.length);

export const RoleName = remark(ROLE_NAME_LENGTH_MAX);
export const RoleNames = list(RoleName, PERSON_ROLES_MAX);

/** A role that is to hold only for the devices of these groups, and of those below them. */
export const AskedLimits = list(
  z.object({ role: RoleName, groups: list(Named, LIMIT_GROUPS_MAX, 1) }),
  PERSON_ROLES_MAX,
);
export type AskedLimit = z.infer<typeof AskedLimits>[number];

export const NamedGroup = z.object({ id: Field, name: Field });
/** A right as its holder has it. */
export const HeldRightForm = z.object({
  area: z.enum(AREAS),
  right: z.enum(['Read', 'Write']),
  /** Where it holds, with all that is below; absent where it holds everywhere. */
  groups: list(NamedGroup, GROUPS_MAX).optional(),
});

/** The groups to which a role is limited. A role that is not among them holds everywhere. */
export const ShownLimits = list(
  z.object({ role: Field, groups: list(NamedGroup, LIMIT_GROUPS_MAX) }),
  PERSON_ROLES_MAX,
);
export type ShownLimit = z.infer<typeof ShownLimits>[number];

/** Somebody, named: `id` is null for the owner of the data directory. */
export const PersonName = z.object({
  id: Field.nullable(),
  name: text(NAME_LENGTH_MAX),
  roles: list(Field, PERSON_ROLES_MAX),
});
export type PersonName = z.infer<typeof PersonName>;

/** The roles, and where they hold. A group that was renamed is the same place. */
export function personVersion(
  { id, roles }: Pick<PersonName, 'id' | 'roles'>,
  limits: readonly ShownLimit[],
): Versioned {
  const places = limits.map(({ role, groups }) => [role, ...groups.map((group) => group.id)]);
  return { id, roles, limits: places.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)) };
}

export const ListedPerson = z.object({
  id: Field,
  name: text(NAME_LENGTH_MAX),
  /** A program, which has a key and never signs in. */
  service: z.boolean(),
  roles: list(Field, PERSON_ROLES_MAX),
  limits: ShownLimits,
  /** When they last called, to the minute; null if they never did. */
  lastSeenAt: Field.nullable(),
});
export type ListedPerson = z.infer<typeof ListedPerson>;

export const ShownPerson = ListedPerson.extend({
  createdAt: Field,
  /** When a service account's key expires; null if it does not. */
  expiresAt: Field.nullable(),
  /** Null for a person who signs in at this server; otherwise the provider that vouches for them. */
  provider: Field.nullable(),
  /** Whether they can sign in: they have used their set-up link. */
  setUp: z.boolean(),
  passkeys: z.number(),
  recoveryCodesLeft: z.number(),
});
export type ShownPerson = z.infer<typeof ShownPerson>;

export const ListedRole = z.object({
  name: Field,
  /** It is built in and cannot be changed. */
  builtIn: z.boolean(),
  rights: list(z.object({ area: Field, right: Field }), RIGHTS.length),
});
export type ListedRole = z.infer<typeof ListedRole>;

export const ListedSession = z.object({
  id: Field,
  person: z.object({ id: Field, name: text(NAME_LENGTH_MAX) }),
  createdAt: Field,
  lastSeenAt: Field,
  /** The address from which it began. */
  address: Field,
  /** How the browser or program described itself then. */
  agent: Field,
});
export type ListedSession = z.infer<typeof ListedSession>;

/** Turns a right in a message into one of ours. */
export function rightOf({ area, right }: z.infer<typeof RightForm>): RequiredRight {
  return RIGHTS.find((one) => one.area === area && one.right === right)!;
}
