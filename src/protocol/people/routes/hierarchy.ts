/** The calls about a server's neighbours: joining and leaving, DMZ marks, and permissions to recover keys. */
import { z } from 'zod';
import { INVITATION_BYTES_MAX, RECOVERY_MS_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { Addresses, ServerNameSchema } from '../../fields.ts';
import { text, whole } from '../../forms.ts';
import { Invitation, InvitationMs } from '../invitation-forms.ts';
import { HierarchyAnswer } from '../people-answers.ts';
import { Empty, Field, Named } from '../people-fields.ts';
import { row } from '../people-route.ts';

const HIERARCHY = 'Hierarchy of Administration Servers';

export const HIERARCHY_ROUTES = {
  inviteSecondary: row({
    method: 'POST',
    path: '/hierarchy/invitations',
    summary: 'Makes a one-time invitation, with which one server becomes a secondary of this one.',
    repeated: 'secret',
    rights: [write(HIERARCHY)],
    request: z.object({ dmz: z.boolean().optional(), expiresMs: InvitationMs.optional() }),
    answer: Invitation,
    example: { dmz: false },
  }),
  joinHierarchy: row({
    method: 'POST',
    path: '/hierarchy/join',
    summary: 'Makes this server a secondary of the server that made the invitation.',
    rights: [write(HIERARCHY)],
    request: z.object({ invitation: text(INVITATION_BYTES_MAX), useHierarchy: z.literal(true).optional() }),
    answer: z.object({
      primary: ServerNameSchema,
      useHierarchy: z.boolean(),
      primaryUsesHierarchy: z.boolean(),
      dmz: z.boolean(),
      /** The invitation came from this server's present primary, so only the addresses were renewed. */
      addressesUpdated: z.boolean(),
      addresses: Addresses,
    }),
    /** The option is a setting of this server. */
    besides: { useHierarchy: [write('Administration Server')] },
    secrets: ['invitation'],
    example: { invitation: 'keystair-invitation-…', useHierarchy: true },
  }),
  showHierarchy: row({
    method: 'GET',
    path: '/hierarchy',
    summary: 'Shows the tree that this server knows: its primary, itself and the servers below.',
    rights: [read(HIERARCHY)],
    request: Empty,
    answer: HierarchyAnswer,
    example: {},
  }),
  heartbeatNow: row({
    method: 'POST',
    path: '/hierarchy/heartbeat',
    summary: 'Sends a heartbeat to the primary now, and answers when the resulting transmission has ended.',
    rights: [write(HIERARCHY)],
    request: Empty,
    answer: z.object({ acknowledgedSeq: z.number(), transmitted: z.number() }),
    example: {},
  }),
  setServer: row({
    method: 'PATCH',
    path: '/hierarchy/servers/{id}',
    summary: 'Sets or clears the DMZ mark of the link to a secondary.',
    rights: [write(HIERARCHY)],
    request: z.object({ id: Named, dmz: z.boolean() }),
    answer: z.object({ server: ServerNameSchema, dmz: z.boolean() }),
    example: { id: 'Workshop', dmz: true },
  }),
  removeServer: row({
    method: 'DELETE',
    path: '/hierarchy/servers/{id}',
    summary: 'Removes a secondary. It can make no more calls; its keys stay.',
    rights: [write(HIERARCHY)],
    act: 'hierarchy.remove',
    request: z.object({ id: Named }),
    answer: z.object({ server: ServerNameSchema }),
    example: { id: 'Workshop' },
  }),
  /** Allowing it releases keys, as an export does. */
  allowRecovery: row({
    method: 'POST',
    path: '/hierarchy/servers/{id}/recovery',
    summary: 'Allows a restored secondary, for a while, to recover the keys that it once sent here.',
    rights: [write(HIERARCHY), read('Encryption key management')],
    fresh: true,
    act: 'keys.export',
    request: z.object({
      id: Named,
      expiresMs: whole(1000, RECOVERY_MS_MAX).optional(),
      /** Ends the permission. */
      off: z.literal(true).optional(),
    }),
    answer: z.object({ server: ServerNameSchema, expiresAt: Field.nullable() }),
    example: { id: 'Lyon', expiresMs: 3_600_000 },
  }),
  leaveHierarchy: row({
    method: 'POST',
    path: '/hierarchy/leave',
    summary: 'Makes this server leave its primary. Keys that arrived on either side stay.',
    rights: [write(HIERARCHY)],
    request: Empty,
    answer: z.object({ primary: ServerNameSchema, told: z.boolean() }),
    example: {},
  }),
} as const;
