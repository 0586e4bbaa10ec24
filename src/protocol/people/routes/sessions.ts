/** The calls about sessions, and what people may do about themselves. */
import { z } from 'zod';
import {
  LIST_PAGE_MAX,
  NAME_LENGTH_MAX,
  PAGE_POSITION_LENGTH_MAX,
  PASSWORD_BYTES_MAX,
} from '#domain/limits.ts';
import {
  CODE_LENGTH_MAX,
  PASSKEYS_MAX,
  PERSON_SESSIONS_MAX,
  RECOVERY_CODES,
  TOKEN_LENGTH_MAX,
} from '#domain/people-limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { read, RIGHTS, write } from '#domain/right.ts';
import { ServerNameSchema } from '../../fields.ts';
import { list, remark, text } from '../../forms.ts';
import { ListedPasskey, PasskeyCreated, PasskeyCreation } from '../passkey-forms.ts';
import { Empty, Field, Named, PageLimit } from '../people-fields.ts';
import { row } from '../people-route.ts';
import { ListedSession, PersonName, HeldRightForm } from '../person-forms.ts';

const PEOPLE = 'People';
const Password = text(PASSWORD_BYTES_MAX, 1);

export const SESSION_ROUTES = {
  whoAmI: row({
    method: 'GET',
    path: '/me',
    summary: 'Shows who is signed in, and everything they may do.',
    rights: 'signed-in',
    request: Empty,
    answer: z.object({
      person: PersonName,
      server: ServerNameSchema,
      rights: list(HeldRightForm, RIGHTS.length),
      /** When the session or the key expires; null if neither does. */
      expiresAt: Field.nullable(),
    }),
    example: {},
  }),
  signOut: row({
    method: 'POST',
    path: '/me/sign-out',
    summary: 'Ends the session of this call.',
    rights: 'signed-in',
    endsSession: true,
    request: Empty,
    answer: Empty,
    example: {},
  }),
  mySessions: row({
    method: 'GET',
    path: '/me/sessions',
    summary: 'Lists one’s own sessions.',
    rights: 'signed-in',
    request: Empty,
    answer: z.object({
      sessions: list(ListedSession.extend({ current: z.boolean() }), PERSON_SESSIONS_MAX),
    }),
    example: {},
  }),
  endMySession: row({
    method: 'DELETE',
    path: '/me/sessions/{id}',
    summary: 'Ends one of one’s own sessions.',
    rights: 'signed-in',
    request: z.object({ id: Named }),
    answer: z.object({ session: ListedSession }),
    example: { id: '0d5bdac5-2d5c-4f4d-9d3c-6f0a4d6f5e11' },
  }),
  changePassword: row({
    method: 'POST',
    path: '/me/password',
    summary: 'Changes one’s own password. All one’s other sessions end.',
    rights: 'signed-in',
    fresh: true,
    request: z.object({ password: Password, newPassword: Password }),
    answer: Empty,
    secrets: ['password', 'newPassword'],
    example: { password: '…', newPassword: '…' },
  }),
  newRecoveryCodes: row({
    method: 'POST',
    path: '/me/recovery-codes',
    summary: 'Makes new recovery codes for oneself; earlier ones no longer work.',
    rights: 'signed-in',
    fresh: true,
    request: Empty,
    answer: z.object({ recoveryCodes: list(text(CODE_LENGTH_MAX), RECOVERY_CODES) }),
    example: {},
  }),
  offerOneTimeCode: row({
    method: 'POST',
    path: '/me/one-time-code/offers',
    summary: 'Begins to replace the app that makes one’s own codes: answers the secret for the new one.',
    rights: 'signed-in',
    fresh: true,
    request: Empty,
    answer: z.object({ offer: text(TOKEN_LENGTH_MAX), secret: Field, otpauthUri: text(PATH_LENGTH_MAX) }),
    example: {},
  }),
  changeOneTimeCode: row({
    method: 'POST',
    path: '/me/one-time-code',
    summary:
      'Replaces the app that makes one’s own codes, once a code of the new one proves it. All one’s other sessions end.',
    rights: 'signed-in',
    fresh: true,
    request: z.object({ offer: text(TOKEN_LENGTH_MAX, 1), code: text(CODE_LENGTH_MAX, 1) }),
    answer: Empty,
    secrets: ['offer', 'code'],
    example: { offer: '…', code: '123456' },
  }),
  listPasskeys: row({
    method: 'GET',
    path: '/me/passkeys',
    summary: 'Lists one’s own passkeys.',
    rights: 'signed-in',
    request: Empty,
    answer: z.object({ passkeys: list(ListedPasskey, PASSKEYS_MAX) }),
    example: {},
  }),
  offerPasskey: row({
    method: 'POST',
    path: '/me/passkeys/offers',
    summary: 'Starts adding a passkey for oneself: answers what a browser needs to make one.',
    rights: 'signed-in',
    fresh: true,
    request: Empty,
    answer: z.object({ offer: text(TOKEN_LENGTH_MAX), options: PasskeyCreation }),
    example: {},
  }),
  addPasskey: row({
    method: 'POST',
    path: '/me/passkeys',
    summary: 'Adds the passkey that a browser made for an offer.',
    rights: 'signed-in',
    fresh: true,
    request: z.object({
      offer: text(TOKEN_LENGTH_MAX, 1),
      name: remark(NAME_LENGTH_MAX),
      response: PasskeyCreated,
    }),
    answer: z.object({ passkey: ListedPasskey }),
    example: {
      offer: '…',
      name: 'Laptop',
      response: {
        id: 'k7Qm',
        rawId: 'k7Qm',
        type: 'public-key',
        response: { clientDataJSON: 'eyJ0', attestationObject: 'o2Nm' },
      },
    },
  }),
  removePasskey: row({
    method: 'DELETE',
    path: '/me/passkeys/{id}',
    summary: 'Removes one of one’s own passkeys.',
    rights: 'signed-in',
    fresh: true,
    request: z.object({ id: Named }),
    answer: z.object({ passkey: ListedPasskey }),
    example: { id: '0f5e0c1f7a1b4c2d8e9f0a1b2c3d4e5f' },
  }),
  listSessions: row({
    method: 'GET',
    path: '/sessions',
    summary: 'Lists the open sessions of everybody, or of one person, page by page.',
    rights: [read(PEOPLE)],
    request: z.object({
      person: Named.optional(),
      after: text(PAGE_POSITION_LENGTH_MAX).optional(),
      limit: PageLimit.optional(),
    }),
    answer: z.object({
      next: text(PAGE_POSITION_LENGTH_MAX).nullable(),
      sessions: list(ListedSession, LIST_PAGE_MAX),
    }),
    example: { person: 'Anna Berg' },
  }),
  /** Needs no fresh sign-in, because ending a thief's session must be quick. */
  endSession: row({
    method: 'DELETE',
    path: '/sessions/{id}',
    summary: 'Ends anybody’s session.',
    rights: [write(PEOPLE)],
    request: z.object({ id: Named }),
    answer: z.object({ session: ListedSession }),
    example: { id: '0d5bdac5-2d5c-4f4d-9d3c-6f0a4d6f5e11' },
  }),
} as const;
