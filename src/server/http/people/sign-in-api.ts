/** The calls before sign-in, and what each runs. */
import type { z } from 'zod';
import type { SignInAnswer, SignInRouteName, SignInRoutes } from '#protocol/people/sign-in-routes.ts';
import { passkeyPlaceOf } from '../../people/passkey-place.ts';
import { passkeyOptions, passkeySignIn } from '../../people/passkey-sign-in.ts';
import { providerSignIn, signInWithProvider } from '../../people/provider-sign-in.ts';
import { setupConfirm, setupPassword, showSetup } from '../../people/set-up.ts';
import { signIn, signInCode, type SignInPorts } from '../../people/sign-in.ts';
import type { Visit } from './visit.ts';

export type SignInApi = {
  readonly [N in SignInRouteName]: (
    visit: Visit,
    request: z.output<SignInRoutes[N]['request']>,
  ) => Promise<SignInAnswer<N>>;
};

export function createSignInApi(ports: SignInPorts): SignInApi {
  return {
    signInMethods: async ({ url }) => {
      const { id, name } = ports.server;
      const place = passkeyPlaceOf(url);
      const providers = ports.providers.all.map(({ id: provider, name: shown }) => ({
        id: provider,
        name: shown,
      }));
      const because = 'because' in place ? place.because : null;
      return { server: { id, name }, passkey: { possible: because === null, because }, providers };
    },
    passkeyOptions: (visit) => passkeyOptions(ports, visit),
    passkeySignIn: (visit, request) => passkeySignIn(ports, visit, request),
    signIn: (visit, request) => signIn(ports, visit, request),
    signInCode: (visit, request) => signInCode(ports, visit, request),
    signInWithProvider: (visit, request) => signInWithProvider(ports, visit, request),
    providerSignIn: (visit, request) => providerSignIn(ports, visit, request),
    showSetup: (_visit, request) => showSetup(ports, request),
    setupPassword: (visit, request) => setupPassword(ports, visit, request),
    setupConfirm: (visit, request) => setupConfirm(ports, visit, request),
  };
}
