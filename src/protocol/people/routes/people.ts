/**
 * The calls about people and service accounts. An id may also be a name, since names are unique.
 *
 * A set-up link and a key are shown once, in the answer of the call that made them, and are stored nowhere.
 */
import { z } from 'zod';
import { LIST_PAGE_MAX, NAME_LENGTH_MAX, PAGE_POSITION_LENGTH_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { API_KEY_LENGTH_MAX, API_KEY_MS_MAX } from '#domain/people-limits.ts';
import { read, write } from '#domain/right.ts';
import { list, remark, text, whole } from '../../forms.ts';
import { Field, Named, PageLimit } from '../people-fields.ts';
import { row } from '../people-route.ts';
import {
  AskedLimits,
  ListedPerson,
  PersonName,
  personVersion,
  RoleNames,
  ShownLimits,
  ShownPerson,
} from '../person-forms.ts';

const PEOPLE = 'People';

/** One of the two: a link for a person, a key for a service account. */
const WayIn = z.object({
  person: PersonName,
  /** To be opened in a browser, once, within an hour. Browsers send the part after the # to no server. */
  setupUrl: text(PATH_LENGTH_MAX).optional(),
  apiKey: text(API_KEY_LENGTH_MAX).optional(),
  /** When the link or the key expires; null if the key does not. */
  expiresAt: Field.nullable(),
});
export type WayIn = z.infer<typeof WayIn>;

export const PERSON_ROUTES = {
  addPerson: row({
    method: 'POST',
    path: '/people',
    summary:
      'Adds a person, who sets up their sign-in with a one-time link, or a service account with a key.',
    repeated: 'secret',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({
      name: remark(NAME_LENGTH_MAX),
      roles: RoleNames.optional(),
      limits: AskedLimits.optional(),
      service: z.boolean().optional(),
      /** How long a service account's key is valid. */
      expiresMs: whole(1, API_KEY_MS_MAX).optional(),
    }),
    answer: WayIn,
    example: { name: 'Anna Berg', roles: ['Help desk'] },
  }),
  listPeople: row({
    method: 'GET',
    path: '/people',
    summary: 'Lists people and service accounts by name, page by page.',
    rights: [read(PEOPLE)],
    request: z.object({
      after: text(PAGE_POSITION_LENGTH_MAX).optional(),
      limit: PageLimit.optional(),
    }),
    answer: z.object({
      /** The `after` of the following page. */
      next: text(PAGE_POSITION_LENGTH_MAX).nullable(),
      people: list(ListedPerson, LIST_PAGE_MAX),
    }),
    example: { limit: 100 },
  }),
  showPerson: row({
    method: 'GET',
    path: '/people/{id}',
    summary: 'Shows a person: their roles, and how they sign in.',
    rights: [read(PEOPLE)],
    request: z.object({ id: Named }),
    answer: z.object({ person: ShownPerson }),
    version: ({ person }) => personVersion(person, person.limits),
    example: { id: 'Anna Berg' },
  }),
  setPerson: row({
    method: 'PATCH',
    path: '/people/{id}',
    summary:
      'Gives a person exactly these roles, limited to groups of devices if it says so. A caller cannot give a right that they lack.',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({
      id: Named,
      roles: RoleNames,
      /** Where they are left out, each role keeps its limit. */
      limits: AskedLimits.optional(),
    }),
    answer: z.object({ person: PersonName, limits: ShownLimits }),
    version: ({ person, limits }) => personVersion(person, limits),
    example: { id: 'Anna Berg', roles: ['Help desk'], limits: [{ role: 'Help desk', groups: ['Lyon'] }] },
  }),
  /** The link's holder becomes that person, with all their rights. */
  resetPerson: row({
    method: 'POST',
    path: '/people/{id}/reset',
    summary: 'Resets how a person signs in, ends all their sessions, and makes a new link or key for them.',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({ id: Named }),
    answer: WayIn,
    example: { id: 'Anna Berg' },
  }),
  removePerson: row({
    method: 'DELETE',
    path: '/people/{id}',
    summary: 'Removes a person or a service account. Their key and all their sessions end.',
    rights: [write(PEOPLE)],
    fresh: true,
    act: 'people.change',
    request: z.object({ id: Named }),
    answer: z.object({ person: PersonName }),
    example: { id: 'Anna Berg' },
  }),
} as const;
