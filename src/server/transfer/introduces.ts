/** What this server tells its neighbours of itself: where its console is, and to what they seal a file for it. */
import { formed } from '#protocol/forms.ts';
import { ConsoleUrl, type Introduction } from '#protocol/introduction.ts';
import type { ServerIdentities } from './server-identities.ts';

/** A console without TLS is for its own machine, so nobody else is led there. */
export function introduces(
  facts: () => { readonly console: string | null },
  identities: ServerIdentities | undefined,
): () => Introduction {
  return () => {
    const console = formed(ConsoleUrl, facts().console);
    const told = identities?.told;
    // A later heartbeat tells it: none waits for keys to be made, and no start loads the ciphers for them.
    if (told === undefined) identities?.all().catch(() => undefined);
    return {
      ...(console.ok ? { console: console.value } : {}),
      ...(told === undefined ? {} : { recipient: told }),
    };
  };
}
