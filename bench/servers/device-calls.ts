/** A device's calls through the project's own client, its connection kept. */
import { createMachineCalls, type MachineCalls } from '#protocol/machine-calls.ts';
import { createMachineClient } from '#transport/machine-client.ts';
import { machineSend } from '#transport/machine-send.ts';
import { clock } from './make-repository.ts';
import type { ChainServer } from './hierarchy.ts';

export function openDeviceCalls({ made, server }: ChainServer): {
  readonly device: { readonly id: string; readonly name: string };
  readonly calls: MachineCalls;
  readonly close: () => void;
} {
  const device = made.devices[0]!;
  const client = createMachineClient({
    addresses: [server.address],
    authority: { certificatePem: made.authorityPem },
    serverId: made.server.id,
    clientCertificate: () => device.credentials,
    now: clock,
  });
  return { device, calls: createMachineCalls(machineSend(client)), close: () => client.close() };
}
