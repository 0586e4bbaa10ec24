/** The calls about managed devices. */
import { z } from 'zod';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import { DEVICE_ORDERS } from '#domain/list-order.ts';
import { DEVICE_STATES } from '#domain/member.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema } from '../../fields.ts';
import { list, Time } from '../../forms.ts';
import { Invitation, InvitationMs } from '../invitation-forms.ts';
import { ListedDevice, ShownDevice } from '../people-answers.ts';
import { Find, Named, Next, PAGE } from '../people-fields.ts';
import { row } from '../people-route.ts';

const DEVICES = 'Managed devices';

export const DEVICES_ROUTES = {
  inviteDevice: row({
    method: 'POST',
    path: '/devices/invitations',
    summary: 'Makes a one-time invitation, by which one device enrols at this server.',
    repeated: 'secret',
    rights: [write(DEVICES)],
    limitable: true,
    /** The group in which the device is to stand. */
    request: z.object({ expiresMs: InvitationMs.optional(), group: Named.optional() }),
    answer: Invitation,
    example: { expiresMs: 86_400_000 },
  }),
  listDevices: row({
    method: 'GET',
    path: '/devices',
    summary: 'Lists the managed devices, by name or by their last heartbeat, page by page.',
    rights: [read(DEVICES)],
    limitable: true,
    request: z.object({
      ...PAGE,
      /** Devices that were never heard count as silent longest. */
      order: z.enum(DEVICE_ORDERS).optional(),
      /** Part of the name, with or without accents, or of the id. */
      find: Find.optional(),
      /** In this group, or in one that is in it. */
      group: Named.optional(),
      state: z.enum(DEVICE_STATES).optional(),
      notState: z.enum(DEVICE_STATES).optional(),
      /** Not heard since then, or never. */
      silentSince: Time.optional(),
      /** Heard then or later. */
      heardSince: Time.optional(),
    }),
    answer: z.object({
      next: Next,
      devices: list(ListedDevice, LIST_PAGE_MAX),
    }),
    example: { order: 'longest-silent', silentSince: '2026-01-31T00:00:00Z', limit: 100 },
  }),
  showDevice: row({
    method: 'GET',
    path: '/devices/{id}',
    summary: 'Shows a device with its drives, as the device itself reported them.',
    rights: [read(DEVICES)],
    limitable: true,
    request: z.object({ id: Named }),
    answer: z.object({ device: ShownDevice }),
    example: { id: 'laptop-17' },
  }),
  removeDevice: row({
    method: 'DELETE',
    path: '/devices/{id}',
    summary: 'Removes a device. It can make no more calls; its keys stay.',
    rights: [write(DEVICES)],
    limitable: true,
    request: z.object({ id: Named }),
    answer: z.object({ device: ServerNameSchema, keys: z.number() }),
    example: { id: 'laptop-17' },
  }),
} as const;
