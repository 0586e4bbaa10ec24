/** The calls about encryption keys: finding one, explaining a lookup, revealing one, recovering them. */
import { z } from 'zod';
import { KEY_KINDS } from '#domain/key-kind.ts';
import { KEY_STATES } from '#domain/key-state.ts';
import {
  KEY_MATERIAL_BYTES_MAX,
  LIST_PAGE_MAX,
  NAME_LENGTH_MAX,
  REASON_LENGTH_MAX,
  RECOVERIES_TOGETHER_MAX,
} from '#domain/limits.ts';
import { AGES } from '#domain/list-order.ts';
import { REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import { RECOVERY_KINDS } from '#domain/recovery-password.ts';
import { read, write } from '#domain/right.ts';
import { ServerNameSchema, Uuid } from '../../fields.ts';
import { list, matching, remark, text, Time } from '../../forms.ts';
import { ExplainResult, ListedKey } from '../people-answers.ts';
import { ASKED_FIELDS, SPOKEN_RECIPIENT } from '../key-request.ts';
import { Empty, Field, Find, Named, Next, PAGE } from '../people-fields.ts';
import { row } from '../people-route.ts';

const REGISTER = 'Key register';

/** Material and fields at their limits, in base64 within base64, and a hybrid header. */
const KEY_ANSWER_FILE_LENGTH_MAX = 128 * 1024;
const KEY_EXAMPLE = '019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071';

export const KEYS_ROUTES = {
  listKeys: row({
    method: 'GET',
    path: '/keys',
    summary: 'Lists the keys by number, page by page, without their material.',
    rights: [read(REGISTER)],
    limitable: true,
    request: z.object({
      ...PAGE,
      order: z.enum(AGES).optional(),
      device: Named.optional(),
      /** Part of the id, of the device's name at that time, or of the locator. */
      find: Find.optional(),
      kind: z.enum(KEY_KINDS).optional(),
      state: z.enum(KEY_STATES).optional(),
      notState: z.enum(KEY_STATES).optional(),
      /** Recorded here then or later. */
      recordedSince: Time.optional(),
      /** Recorded here before then. */
      recordedUntil: Time.optional(),
    }),
    answer: z.object({
      keys: list(ListedKey, LIST_PAGE_MAX),
      /** Damaged rows: their fields cannot be read. */
      unreadable: list(z.object({ id: Uuid, seq: z.number() }), LIST_PAGE_MAX),
      next: Next,
      /**
       * One page searches a bounded number of keys, so it may be short. This is the number of the last key searched,
       * out of `of`. Null if the search is complete.
       */
      searchedTo: z.number().nullable(),
      of: z.number(),
    }),
    example: { device: 'laptop-17', order: 'newest', limit: 100 },
  }),
  showKey: row({
    method: 'GET',
    path: '/keys/{id}',
    summary: 'Shows one key, without its material.',
    rights: [read(REGISTER)],
    limitable: true,
    request: z.object({ id: Named }),
    answer: z.object({ key: ListedKey }),
    example: { id: KEY_EXAMPLE },
  }),
  explainKey: row({
    method: 'POST',
    path: '/keys/{id}/explain',
    summary:
      'Explains why a key can or cannot be obtained here: every server on the way, its option, its link, and what would help.',
    rights: [read(REGISTER)],
    limitable: true,
    request: z.object({ id: Named, claim: text(22).optional() }),
    answer: ExplainResult,
    secrets: ['claim'],
    example: { id: KEY_EXAMPLE },
  }),
  revealKey: row({
    method: 'POST',
    path: '/keys/{id}/reveal',
    summary: 'Shows the material of one key. The audit log records who did it, and the reason.',
    rights: [write('Key reveal')],
    limitable: true,
    fresh: true,
    act: 'keys.reveal',
    request: z.object({ id: Named, reason: remark(REASON_LENGTH_MAX) }),
    /** Text if the material is UTF-8, as all material made by Keystair is. */
    answer: z.object({
      id: Uuid,
      material: text(2 * KEY_MATERIAL_BYTES_MAX),
      encoding: z.enum(['text', 'base64']),
    }),
    example: { id: KEY_EXAMPLE, reason: 'drive of Kari, ticket 4711' },
  }),
  answerKeyRequest: row({
    method: 'POST',
    path: '/keys/{id}/answer',
    summary:
      'Answers the request of a device without a connection: the key, sealed so that only that device opens it. The audit log records who did it, and the reason.',
    rights: [write('Key reveal')],
    limitable: true,
    fresh: true,
    act: 'keys.reveal',
    /** The fields of the request file; the id is the key's. */
    request: z.object({
      id: Uuid,
      reason: remark(REASON_LENGTH_MAX),
      ...ASKED_FIELDS,
      recipient: z.union([
        ASKED_FIELDS.recipient,
        matching(SPOKEN_RECIPIENT, 'must be a recipient of age, or x25519: and 43 characters'),
      ]),
    }),
    answer: z.object({
      /** The answer file, an armored age file; or what is read out, to a recipient of a spoken request. */
      answer: text(KEY_ANSWER_FILE_LENGTH_MAX),
      /** The name of the device that asks, if it is a device of this server. */
      device: Field.optional(),
    }),
    secrets: ['claim'],
    example: {
      id: KEY_EXAMPLE,
      reason: 'drive of Kari, ticket 4711',
      request: '0b6c2f0e-7d2a-4a53-9f0e-3c5d8a1b2c4d',
      claim: 'AAAAAAAAAAAAAAAAAAAAAA',
      device: { id: '5f0d7c1a-3b2e-4c6d-8e9f-0a1b2c3d4e5f', name: 'laptop-17' },
      recipient: 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
    },
  }),
  takeRecoveries: row({
    method: 'POST',
    path: '/keys/recoveries',
    summary:
      'Takes recovery passwords of other systems into custody, all or none. One that is there already changes nothing, so the call may be repeated.',
    rights: [write('Encryption key management')],
    fresh: true,
    request: z.object({
      recoveries: list(
        z.object({
          kind: z.enum(RECOVERY_KINDS),
          /** What the screen shows that asks for the password: of BitLocker a GUID. Else the serial number, else the device's name. */
          id: remark(NAME_LENGTH_MAX).optional(),
          serial: remark(NAME_LENGTH_MAX).optional(),
          /** The name of the device; of a managed one if exactly one here has it. */
          device: remark(NAME_LENGTH_MAX),
          password: text(KEY_MATERIAL_BYTES_MAX, 1),
        }),
        RECOVERIES_TOGETHER_MAX,
        1,
      ),
      /** Only says what would be new. */
      dryRun: z.boolean().optional(),
    }),
    answer: z.object({
      /** In the order of the request. `key` is null for what a dry run found new. */
      recoveries: list(
        z.object({ outcome: z.enum(['new', 'known']), key: Uuid.nullable() }),
        RECOVERIES_TOGETHER_MAX,
      ),
      dryRun: z.boolean(),
    }),
    secrets: ['recoveries'],
    example: {
      recoveries: [
        {
          kind: 'bitlocker',
          id: '2D1F3A4B-5C6D-7E8F-9A0B-1C2D3E4F5A6B',
          device: 'PC-0417',
          password: '…',
        },
      ],
    },
  }),
  recoverFromPrimary: row({
    method: 'POST',
    path: '/server/recovery',
    summary: 'Recovers from the primary the keys that this server once sent there, if the primary allows it.',
    job: true,
    rights: [write('Encryption key management')],
    request: Empty,
    answer: z.object({
      primary: ServerNameSchema,
      new: z.number(),
      known: z.number(),
      /** Keys that the primary listed but did not give, or gave in the wrong form. */
      notGiven: list(z.object({ id: Uuid, reason: Field }), REPORT_NAMES_MAX),
      /** How many more were not given. */
      moreNotGiven: z.number().optional(),
    }),
    example: {},
  }),
} as const;
