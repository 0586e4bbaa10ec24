/** Which seals the processes of a server open by without a person: one that another process needs is not removed. */
import type { Keyring } from '#crypto/keyring.ts';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { Processes } from '#store/processes.ts';
import { keyFileAtHand, type SealPlaces } from './auto-unseal.ts';
import type { Seal } from './seal-rows.ts';

/** Ids of the seals that open a server with these places. */
export function opensAlone(seals: readonly Seal[], keyring: Keyring, places: SealPlaces): readonly string[] {
  const opened = keyFileAtHand(keyring, places.rootKeyFile);
  const alone = (one: Seal): boolean =>
    one.kind === 'key-file' ? opened(one) : one.kind === 'pkcs11' && places.pkcs11?.pinFile !== undefined;
  return seals.filter(alone).map(({ id }) => id);
}

/** Throws `last-seal` where another living process would wait for a person at its next start. */
export async function requireNotNeeded(processes: Processes | undefined, id: string): Promise<void> {
  const living = (await processes?.living()) ?? [];
  const needing = living.find(
    (one) =>
      one.id !== processes?.process && one.opensWith.length > 0 && one.opensWith.every((seal) => seal === id),
  );
  if (needing === undefined) return;
  throw new KeystairError(
    'last-seal',
    `without ${id} the process ${needing.address ?? needing.id} of this server would not open without a person`,
    { nextStep: step('add-seal-first') },
  );
}
