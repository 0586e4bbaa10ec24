/** The calls about groups of managed devices: a tree, in which each device stands once. */
import { z } from 'zod';
import { GROUPS_MAX } from '#domain/group.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema } from '../../fields.ts';
import { list, remark } from '../../forms.ts';
import { Empty, Field, Named } from '../people-fields.ts';
import { row } from '../people-route.ts';

const DEVICES = 'Managed devices';

const GroupForm = z.object({
  id: Field,
  name: Field,
  /** The id of the group above; null for the root, and where the caller's right begins. */
  above: Field.nullable(),
});

/** A group and how many devices stand in it itself. */
const ListedGroup = GroupForm.extend({ devices: z.number() });

export const GROUPS_ROUTES = {
  listGroups: row({
    method: 'GET',
    path: '/groups',
    summary: 'Lists the groups of devices, each before those below it, with how many devices stand in each.',
    rights: [read(DEVICES)],
    limitable: true,
    request: Empty,
    answer: z.object({ groups: list(ListedGroup, GROUPS_MAX + 1) }),
    example: {},
  }),
  showGroup: row({
    method: 'GET',
    path: '/groups/{id}',
    summary: 'Shows one group of devices.',
    rights: [read(DEVICES)],
    limitable: true,
    request: z.object({ id: Named }),
    answer: z.object({ group: GroupForm }),
    version: ({ group }) => ({ group }),
    example: { id: 'Lyon' },
  }),
  addGroup: row({
    method: 'POST',
    path: '/groups',
    summary: 'Adds a group of devices below another one, or below the root.',
    repeated: 'answer',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({ name: remark(NAME_LENGTH_MAX), above: Named.optional() }),
    answer: z.object({ group: GroupForm }),
    example: { name: 'Lyon' },
  }),
  setGroup: row({
    method: 'PATCH',
    path: '/groups/{id}',
    summary: 'Gives a group another name, or moves it with all that is in it below another group.',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({ id: Named, name: remark(NAME_LENGTH_MAX).optional(), above: Named.optional() }),
    answer: z.object({ group: GroupForm }),
    version: ({ group }) => ({ group }),
    example: { id: 'Lyon', above: 'France' },
  }),
  removeGroup: row({
    method: 'DELETE',
    path: '/groups/{id}',
    summary:
      'Removes a group, if nothing is in it; or moves what is in it to the group above first. No device and no key is lost.',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({
      id: Named,
      /** What becomes of devices and groups in it. */
      contents: z.enum(['refuse', 'move-up']).optional(),
    }),
    answer: z.object({
      group: GroupForm,
      /** Moved to the group above. */
      devices: z.number(),
      groups: z.number(),
    }),
    example: { id: 'Lyon', contents: 'move-up' },
  }),
  setDevice: row({
    method: 'PATCH',
    path: '/devices/{id}',
    summary: 'Moves a device to another group.',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({ id: Named, group: Named }),
    answer: z.object({ device: ServerNameSchema, group: z.object({ id: Field, name: Field }) }),
    example: { id: 'laptop-17', group: 'Lyon' },
  }),
} as const;
