/** How a server calls others over the simulated network, for as long as one life of it lasts. */
import { createMachineCalls, type MachineCalls } from '#protocol/machine-calls.ts';
import type { Dialler } from '#server/hierarchy/primary/dialler.ts';
import { MEMBER_KEY } from '#server/hierarchy/primary/primary-row.ts';
import type { TrustedRows } from '#server/repository/trusted-rows.ts';
import type { Reader } from '#store/transaction.ts';
import { publicKeyOf } from './certificates.ts';
import type { Life } from './life.ts';
import type { Network, PinnedEnd } from './network.ts';

/** Who calls: one life of one copy of a server. */
export interface Caller {
  readonly network: Network;
  readonly name: string;
  readonly life: Life;
}

export function callsOf(
  { network, name, life }: Caller,
  publicKey: Uint8Array,
  certificate: string | undefined,
  target: PinnedEnd,
): MachineCalls {
  const present = () => ({ publicKey, certificate });
  const send = network.sender({ name, life, present }, target);
  return createMachineCalls(async (request) => {
    const answer = await send(request);
    if (life.paused) await life.awake();
    return answer;
  });
}

/** Its own key as a member is read once for each primary, as the real one does. */
export function diallerOf(caller: Caller, rows: TrustedRows, reader: Reader): Dialler {
  let publicKey: Uint8Array | undefined;
  return {
    calls: async ({ id, addresses, authority, certificate }) => {
      publicKey ??= publicKeyOf(Buffer.from((await rows.getSecret(reader, MEMBER_KEY)) ?? []).toString());
      return callsOf(caller, publicKey, certificate, {
        address: addresses[0] ?? '',
        authority,
        serverId: id,
      });
    },
    close: () => {
      publicKey = undefined;
    },
  };
}
