/** The calls about a server's neighbours: joining and leaving, their marks, and what they are allowed. */
import { z } from 'zod';
import { INVITATION_BYTES_MAX, RECOVERY_MS_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { Addresses, ServerNameSchema } from '../../fields.ts';
import { text, whole } from '../../forms.ts';
import { Invitation, InvitationMs } from '../invitation-forms.ts';
import { HierarchyAnswer } from '../people-answers.ts';
import { Empty, Field, Named } from '../people-fields.ts';
import { peopleRoute as row } from '../people-route.ts';

const HIERARCHY = 'Hierarchy of Administration Servers';

export const HIERARCHY_ROUTES = {
  inviteSecondary: row(
    'POST',
    '/api/hierarchy/invitations',
    [write(HIERARCHY)],
    z.object({ dmz: z.boolean().optional(), expiresMs: InvitationMs.optional() }),
    Invitation,
  ),
  joinHierarchy: row(
    'POST',
    '/api/hierarchy/join',
    [write(HIERARCHY)],
    z.object({ invitation: text(INVITATION_BYTES_MAX), useHierarchy: z.literal(true).optional() }),
    z.object({
      primary: ServerNameSchema,
      useHierarchy: z.boolean(),
      primaryUsesHierarchy: z.boolean(),
      dmz: z.boolean(),
      /** The invitation came from the primary this server has: only the addresses were renewed. */
      addressesUpdated: z.boolean(),
      addresses: Addresses,
    }),
    /** The option is a setting of this server. */
    { useHierarchy: [write('Administration Server')] },
  ),
  showHierarchy: row('GET', '/api/hierarchy', [read(HIERARCHY)], Empty, HierarchyAnswer),
  heartbeatNow: row(
    'POST',
    '/api/hierarchy/heartbeat',
    [write(HIERARCHY)],
    Empty,
    z.object({ acknowledgedSeq: z.number(), transmitted: z.number() }),
  ),
  setServer: row(
    'PATCH',
    '/api/hierarchy/servers/:server',
    [write(HIERARCHY)],
    z.object({ server: Named, dmz: z.boolean() }),
    z.object({ server: ServerNameSchema, dmz: z.boolean() }),
  ),
  removeServer: row(
    'DELETE',
    '/api/hierarchy/servers/:server',
    [write(HIERARCHY)],
    z.object({ server: Named }),
    z.object({ server: ServerNameSchema }),
  ),
  /** Allowing it releases keys, as an export does. */
  allowRecovery: row(
    'POST',
    '/api/hierarchy/servers/:server/recovery',
    [write(HIERARCHY), read('Encryption key management')],
    z.object({
      server: Named,
      expiresMs: whole(1000, RECOVERY_MS_MAX).optional(),
      /** Ends the permission. */
      off: z.literal(true).optional(),
    }),
    z.object({ server: ServerNameSchema, expiresAt: Field.nullable() }),
  ),
  leaveHierarchy: row(
    'POST',
    '/api/hierarchy/leave',
    [write(HIERARCHY)],
    Empty,
    z.object({ primary: ServerNameSchema, told: z.boolean() }),
  ),
} as const;
