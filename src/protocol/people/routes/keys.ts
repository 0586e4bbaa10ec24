/** The calls about encryption keys: finding one, explaining a lookup, revealing one, recovering them. */
import { z } from 'zod';
import { KEY_MATERIAL_BYTES_MAX, LIST_PAGE_MAX, REASON_LENGTH_MAX } from '#domain/limits.ts';
import { REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema, Uuid } from '../../fields.ts';
import { list, remark, STOPS, text } from '../../forms.ts';
import { ExplainResult, ListedKey } from '../people-answers.ts';
import { Empty, Field, Named } from '../people-fields.ts';
import { peopleRoute as row } from '../people-route.ts';

const REGISTER = 'Key register';

export const KEYS_ROUTES = {
  listKeys: row(
    'GET',
    '/api/keys',
    [read(REGISTER)],
    z.object({
      device: Named.optional(),
      find: Field.optional(),
      after: z.coerce.number().int(STOPS).min(0, STOPS).optional(),
      limit: z.coerce.number().int(STOPS).min(1, STOPS).max(LIST_PAGE_MAX, STOPS).optional(),
    }),
    /** `next` is the `after` of the following page. */
    z.object({
      keys: list(ListedKey, LIST_PAGE_MAX),
      /** Damaged rows: their fields cannot be read. */
      unreadable: list(z.object({ id: Uuid, seq: z.number() }), LIST_PAGE_MAX),
      next: z.number().nullable(),
    }),
  ),
  showKey: row(
    'GET',
    '/api/keys/:id',
    [read(REGISTER)],
    z.object({ id: Named }),
    z.object({ key: ListedKey }),
  ),
  explainKey: row(
    'POST',
    '/api/keys/explain',
    [read(REGISTER)],
    z.object({ id: Named, claim: text(22).optional() }),
    ExplainResult,
  ),
  revealKey: row(
    'POST',
    '/api/keys/:id/reveal',
    [write('Key reveal')],
    z.object({ id: Named, reason: remark(REASON_LENGTH_MAX) }),
    /** Text where the material is UTF-8, as all that Keystair makes is. */
    z.object({ id: Uuid, material: text(2 * KEY_MATERIAL_BYTES_MAX), encoding: z.enum(['text', 'base64']) }),
  ),
  recoverFromPrimary: row(
    'POST',
    '/api/server/recovery',
    [write('Encryption key management')],
    Empty,
    z.object({
      primary: ServerNameSchema,
      new: z.number(),
      known: z.number(),
      /** Keys that the primary lists and did not give, or gave in the wrong form. */
      notGiven: list(z.object({ id: Uuid, reason: Field }), REPORT_NAMES_MAX),
      /** Besides those named. */
      moreNotGiven: z.number().optional(),
    }),
  ),
} as const;
