/**
 * The calls before sign-in, at the people's listener on the network: signing in, and setting up a sign-in.
 *
 * How it flows: a sign-in has one or two calls. What the first one proved travels sealed in the cookie that later holds
 * the session, so a stranger leaves nothing in the server. A person who signs in again stays signed in until the new
 * session replaces the old one.
 *
 * Invariant: a secret is in the body only, never in a path or a query, which others may log.
 */
import { z } from 'zod';
import { PASSWORD_BYTES_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { CODE_LENGTH_MAX, PROVIDERS_MAX, RECOVERY_CODES, TOKEN_LENGTH_MAX } from '#domain/people-limits.ts';
import { ServerNameSchema } from '../fields.ts';
import { list, STOPS, text } from '../forms.ts';
import { Empty, Field, Sentence } from './people-fields.ts';
import type { OpenRoute } from './people-route.ts';
import { PasskeyAnswer, PasskeyRequest } from './passkey-forms.ts';
import { PersonName } from './person-forms.ts';

const Password = text(PASSWORD_BYTES_MAX, 1);
const Code = text(CODE_LENGTH_MAX, 1);
/** The part of a set-up link after the #. */
const SetUpToken = text(TOKEN_LENGTH_MAX, 1);

/** The session is in the cookie. */
const SignedIn = z.object({ person: PersonName, expiresAt: Field });
export type SignedIn = z.infer<typeof SignedIn>;

export const SIGN_IN_ROUTES = {
  signInMethods: {
    method: 'GET',
    path: '/sign-in',
    summary: 'Shows how people can sign in here.',
    request: Empty,
    answer: z.object({
      server: ServerNameSchema,
      /** `because` says why passkeys are not possible at this address. */
      passkey: z.object({ possible: z.boolean(), because: Sentence.nullable() }),
      providers: list(z.object({ id: Field, name: Field }), PROVIDERS_MAX),
    }),
    example: {},
  },
  signIn: {
    method: 'POST',
    path: '/sign-in/password',
    summary: 'Starts a sign-in with name and password; `signInCode` completes it.',
    request: z.object({ name: Field, password: Password }),
    answer: z.object({ next: z.literal('one-time-code') }),
    example: { name: 'Anna Berg', password: '…' },
  },
  signInCode: {
    method: 'POST',
    path: '/sign-in/code',
    summary: 'Completes a sign-in with a one-time code of an app, or with a recovery code.',
    request: z
      .object({ code: Code.optional(), recoveryCode: Code.optional() })
      .refine(({ code, recoveryCode }) => (code === undefined) !== (recoveryCode === undefined), {
        ...STOPS,
        message: 'give one of code and recoveryCode',
      }),
    answer: SignedIn.extend({ recoveryCodesLeft: z.number() }),
    example: { code: '123456' },
  },
  passkeyOptions: {
    method: 'POST',
    path: '/sign-in/passkey',
    summary: 'Starts a sign-in with a passkey: answers what a browser needs to ask for it.',
    request: Empty,
    answer: z.object({ options: PasskeyRequest }),
    example: {},
  },
  passkeySignIn: {
    method: 'POST',
    path: '/sign-in/passkey/answer',
    summary: 'Completes a sign-in with what the passkey answered.',
    request: z.object({ response: PasskeyAnswer }),
    answer: SignedIn,
    example: {
      response: {
        id: 'k7Qm',
        rawId: 'k7Qm',
        type: 'public-key',
        response: { clientDataJSON: 'eyJ0', authenticatorData: 'SZYN', signature: 'MEUC' },
      },
    },
  },
  signInWithProvider: {
    method: 'POST',
    path: '/sign-in/provider',
    summary: 'Starts a sign-in through a provider: answers the address to send the browser to.',
    request: z.object({
      provider: Field,
      /** Requires signing in there now, despite a session there, for calls that need a fresh sign-in. */
      fresh: z.boolean().optional(),
    }),
    answer: z.object({ url: text(PATH_LENGTH_MAX) }),
    example: { provider: 'office' },
  },
  /**
   * The provider sends the browser back to a page of the console, which makes this call: the cookie of a sign-in under
   * way is not sent with requests that start at another site.
   */
  providerSignIn: {
    method: 'POST',
    path: '/sign-in/provider/answer',
    summary: 'Completes a sign-in with what the provider sent back: the query of that page’s address.',
    request: z.object({ provider: Field, answer: text(PATH_LENGTH_MAX, 1) }),
    answer: SignedIn,
    example: { provider: 'office', answer: 'code=…&state=…' },
  },
  showSetup: {
    method: 'POST',
    path: '/set-up',
    summary: 'Shows whom a set-up link is for.',
    request: z.object({ token: SetUpToken }),
    answer: z.object({ name: Field, server: ServerNameSchema, expiresAt: Field }),
    example: { token: '…' },
  },
  setupPassword: {
    method: 'POST',
    path: '/set-up/password',
    summary: 'Chooses a password, and answers the secret for an app that makes one-time codes.',
    request: z.object({ token: SetUpToken, password: Password }),
    answer: z.object({ secret: Field, otpauthUri: text(PATH_LENGTH_MAX) }),
    example: { token: '…', password: '…' },
  },
  setupConfirm: {
    method: 'POST',
    path: '/set-up/code',
    summary:
      'Completes the set-up with the first code of the app, signs in, and shows the recovery codes once.',
    request: z.object({ token: SetUpToken, code: Code }),
    answer: SignedIn.extend({ recoveryCodes: list(text(CODE_LENGTH_MAX), RECOVERY_CODES) }),
    example: { token: '…', code: '123456' },
  },
} as const satisfies Readonly<Record<string, OpenRoute>>;

export type SignInRoutes = typeof SIGN_IN_ROUTES;
export type SignInRouteName = keyof SignInRoutes;
export type SignInAnswer<N extends SignInRouteName> = z.infer<SignInRoutes[N]['answer']>;
export type SignInRequest<N extends SignInRouteName> = z.input<SignInRoutes[N]['request']>;
