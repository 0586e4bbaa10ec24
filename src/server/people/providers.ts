/**
 * The providers of this server, and the rights they may give.
 *
 * Invariant: a group, known by its id at this provider, gives only the role that the configuration names for it, and
 * the right to manage people only if the configuration allows it. A provider that was removed from the configuration
 * vouches for nobody, not even in open sessions.
 */
import type { ProvidedIdentity } from '#domain/person.ts';
import type { RequiredRight } from '#domain/right.ts';
import type { Log } from '../environment/environment.ts';
import { ProviderClient } from './provider-client.ts';
import type { ProviderSettings } from './provider-settings.ts';

export class Providers {
  readonly #clients: ReadonlyMap<string, ProviderClient>;

  constructor(settings: readonly ProviderSettings[], log: Log) {
    this.#clients = new Map(settings.map((one) => [one.id, new ProviderClient(one, log)]));
  }

  get all(): readonly ProviderSettings[] {
    return [...this.#clients.values()].map(({ settings }) => settings);
  }

  client(id: string): ProviderClient | undefined {
    return this.#clients.get(id);
  }

  /** The rights that remain under the person's provider; undefined if it no longer vouches for them. */
  limit(
    identity: ProvidedIdentity | null,
    rights: readonly RequiredRight[],
  ): readonly RequiredRight[] | undefined {
    if (identity === null) return rights;
    const settings = this.#clients.get(identity.provider)?.settings;
    if (settings === undefined) return undefined;
    if (settings.mayGivePeople) return rights;
    return rights.filter(({ area, right }) => area !== 'People' || right !== 'Write');
  }
}
