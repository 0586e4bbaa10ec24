/** The recipient of a server that an export is sealed to: this one, its primary, or one right below it. */
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import { sealableServers } from '../hierarchy/sealable-servers.ts';
import type { TransferPorts } from './transfer-ports.ts';

/** @param named an id, or a name that only one of them has. Throws `not-found`, `ambiguous-name`. */
export async function findRecipient(
  ports: Pick<TransferPorts, 'identities' | 'rows' | 'server' | 'store'>,
  named: string,
): Promise<string> {
  if (named === ports.server.id) return (await ports.identities.all())[0]!.recipient;
  const found = (await sealableServers(ports)).filter(({ id, name }) => id === named || name === named);
  if (found.length === 1) return found[0]!.recipient;
  throw found.length === 0
    ? new KeystairError(
        'not-found',
        `no server ${JSON.stringify(named)} next to this one has told it how to seal a file to it`,
        { nextStep: step('look-at-servers') },
      )
    : new KeystairError('ambiguous-name', `${found.length} servers are called ${JSON.stringify(named)}`, {
        nextStep: step('use-id-of-server'),
      });
}
