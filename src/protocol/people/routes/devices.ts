/** The calls about managed devices. */
import { z } from 'zod';
import { LIST_PAGE_MAX, PAGE_POSITION_LENGTH_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema } from '../../fields.ts';
import { list, STOPS, text } from '../../forms.ts';
import { Invitation, InvitationMs } from '../invitation-forms.ts';
import { ListedDevice } from '../people-answers.ts';
import { Named } from '../people-fields.ts';
import { peopleRoute as row } from '../people-route.ts';

const DEVICES = 'Managed devices';

export const DEVICES_ROUTES = {
  inviteDevice: row(
    'POST',
    '/api/devices/invitations',
    [write(DEVICES)],
    z.object({ expiresMs: InvitationMs.optional() }),
    Invitation,
  ),
  listDevices: row(
    'GET',
    '/api/devices',
    [read(DEVICES)],
    z.object({
      after: text(PAGE_POSITION_LENGTH_MAX).optional(),
      limit: z.coerce.number().int(STOPS).min(1, STOPS).max(LIST_PAGE_MAX, STOPS).optional(),
    }),
    /** In order of name. `next` is the `after` of the following page. */
    z.object({
      next: text(PAGE_POSITION_LENGTH_MAX).nullable(),
      devices: list(ListedDevice, LIST_PAGE_MAX),
    }),
  ),
  removeDevice: row(
    'DELETE',
    '/api/devices/:device',
    [write(DEVICES)],
    z.object({ device: Named }),
    z.object({ device: ServerNameSchema, keys: z.number() }),
  ),
} as const;
