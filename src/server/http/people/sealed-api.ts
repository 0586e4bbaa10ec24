/**
 * The calls that a sealed server answers: its state, and unsealing. All other calls need the root key and are refused
 * with the same error.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import type { ShownSeal } from '#protocol/people/seal-messages.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { ServerName } from '#domain/server-name.ts';
import { type Notice, step, told } from '#domain/step.ts';
import type { Opened } from '../../seals/auto-unseal.ts';
import type { UnsealRequest } from '../../seals/unsealing.ts';
import type { PeopleApi } from './people-api.ts';

export interface SealedApiPorts {
  /** According to the database, which cannot be verified yet. */
  readonly server: ServerName;
  readonly seals: readonly ShownSeal[];
  readonly warnings: readonly Notice[];
  readonly unseal: (request: UnsealRequest) => Promise<Opened>;
  /** Starts serving; resolves when the server serves. */
  readonly onUnsealed: (opened: Opened, by: Caller) => Promise<ServerName>;
}

export function serverSealed(): KeystairError {
  return new KeystairError('server-sealed', 'the server is sealed and serves nothing yet', {
    nextStep: step('unseal'),
  });
}

export function createSealedApi(ports: SealedApiPorts): PeopleApi {
  const refuse = async (): Promise<never> => {
    throw serverSealed();
  };
  const refusing = Object.fromEntries(Object.keys(PEOPLE_ROUTES).map((name) => [name, refuse]));
  return {
    ...(refusing as unknown as PeopleApi),
    sealState: async () => ({
      sealed: true,
      server: { ...ports.server, version: PROGRAM_VERSION },
      seals: [...ports.seals],
      warnings: [...ports.warnings],
      ...told(step('unseal')),
    }),
    unseal: async (caller, request) => {
      const opened = await ports.unseal(request as UnsealRequest);
      const server = await ports.onUnsealed(opened, caller);
      return { server, seal: opened.seal.id, kind: opened.seal.kind };
    },
  };
}
