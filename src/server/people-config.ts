/** Reads the settings for signing in through providers from the configuration. Secrets are given as paths. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import { NAME_LENGTH_MAX } from '#domain/limits.ts';
import { PATH_LENGTH_MAX } from '#domain/message-limits.ts';
import { sortName } from '#domain/name-order.ts';
import { LIMIT_GROUPS_MAX, PROVIDERS_MAX, ROLE_NAME_LENGTH_MAX } from '#domain/people-limits.ts';
import { list, matching, text } from '#protocol/forms.ts';
import { isLoopback } from '#transport/address.ts';
import type { ProviderSettings } from './people/provider-settings.ts';

const SCOPES_MAX = 20;

const RoleName = text(ROLE_NAME_LENGTH_MAX, 1);
const LimitedRoleForm = z.strictObject({
  role: RoleName,
  groups: list(text(NAME_LENGTH_MAX, 1), LIMIT_GROUPS_MAX, 1),
});

export const PeopleForm = z.strictObject({
  providers: list(
    z.strictObject({
      id: matching(/^[a-z0-9-]{1,40}$/, 'must consist of lower-case letters, digits and hyphens'),
      name: text(NAME_LENGTH_MAX, 1),
      issuer: text(PATH_LENGTH_MAX, 1),
      clientId: text(NAME_LENGTH_MAX, 1),
      clientSecretFile: text(PATH_LENGTH_MAX, 1),
      scopes: list(text(NAME_LENGTH_MAX, 1), SCOPES_MAX).default(['profile']),
      groupsClaim: text(NAME_LENGTH_MAX, 1).default('groups'),
      /** A role for each group, by the group's id, perhaps limited to groups of devices. */
      groups: z.record(text(NAME_LENGTH_MAX, 1), z.union([RoleName, LimitedRoleForm])),
      /** Whether a group may give the right to manage people. */
      mayGivePeople: z.boolean().default(false),
    }),
    PROVIDERS_MAX,
  ).default([]),
});

/** Throws `invalid-argument`. */
export function providersOf(file: z.infer<typeof PeopleForm> | undefined): readonly ProviderSettings[] {
  const providers = file?.providers ?? [];
  if (new Set(providers.map(({ id }) => id)).size < providers.length)
    throw new KeystairError('invalid-argument', 'two providers in the configuration have the same id');
  for (const { id, groups } of providers) requireFewLimits(id, groups);
  return providers.map((provider) => ({
    ...provider,
    issuer: readIssuer(provider.issuer),
    clientSecretFile: resolve(provider.clientSecretFile),
  }));
}

/** Somebody may be in all groups of a provider: then the role is limited to all that they name together. */
function requireFewLimits(provider: string, groups: ProviderSettings['groups']): void {
  const limits = new Map<string, Set<string>>();
  for (const given of Object.values(groups)) {
    if (typeof given === 'string') continue;
    // As roles are found, whatever their case.
    const role = sortName(given.role.normalize('NFC'));
    const all = new Set([...(limits.get(role) ?? []), ...given.groups]);
    limits.set(role, all);
    if (all.size <= LIMIT_GROUPS_MAX) continue;
    throw new KeystairError(
      'invalid-argument',
      `the provider ${provider} limits the role ${JSON.stringify(given.role)} to more than ${LIMIT_GROUPS_MAX} groups`,
      { nextStep: 'name a group that they are in' },
    );
  }
}

function readIssuer(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const plain = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url !== undefined && (url.protocol === 'https:' || plain)) return url;
  throw new KeystairError('invalid-argument', `${JSON.stringify(given)} is not the issuer of a provider`, {
    nextStep: 'write it as the provider does, like https://login.example/realm',
  });
}
