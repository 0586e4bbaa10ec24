/**
 * Dials the primary over mutual TLS. Connections are kept until the primary, its certificate or its address changes.
 */
import { createMachineCalls, type MachineCalls } from '#protocol/machine-calls.ts';
import type { Store } from '#store/store.ts';
import { createMachineClient, type MachineClient } from '#transport/machine-client.ts';
import { machineSend } from '#transport/machine-send.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import type { Clock } from '../../environment/environment.ts';
import type { TrustedRows } from '../../repository/trusted-rows.ts';
import type { Dialler } from './dialler.ts';
import { MEMBER_KEY, type PrimaryRow } from './primary-row.ts';

export function createDialler(rows: TrustedRows, store: Store, clock: Clock): Dialler {
  let open:
    | {
        readonly client: MachineClient;
        readonly calls: MachineCalls;
        readonly authority: string;
        readonly id: string;
      }
    | undefined;
  let credentials: TlsCredentials | undefined;
  let addresses = '';

  async function loadCredentials(primary: PrimaryRow): Promise<void> {
    if (credentials?.certificatePem === primary.certificate) return;
    const key = await rows.getSecret(store.reader, MEMBER_KEY);
    if (key === undefined) return;
    credentials = { certificatePem: primary.certificate, privateKeyPem: Buffer.from(key).toString() };
  }

  return {
    async calls(primary) {
      await loadCredentials(primary);
      if (open?.id !== primary.id || open.authority !== primary.authority) {
        open?.client.close();
        const client = createMachineClient({
          addresses: primary.addresses,
          authority: { certificatePem: primary.authority },
          serverId: primary.id,
          clientCertificate: () => credentials,
          now: clock,
        });
        open = {
          client,
          calls: createMachineCalls(machineSend(client)),
          authority: primary.authority,
          id: primary.id,
        };
      } else if (addresses !== primary.addresses.join()) {
        open.client.setAddresses(primary.addresses);
      }
      addresses = primary.addresses.join();
      return open.calls;
    },
    close() {
      open?.client.close();
      open = undefined;
      credentials = undefined;
    },
  };
}
