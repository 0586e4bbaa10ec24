/**
 * A device that the run plays: it joins by an invitation and hands over keys through the project's own client, as fast
 * as it is let, and remembers of each what it must get back.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { claimToText, hashClaim } from '#domain/claim.ts';
import { makeKey } from '#domain/encryption-key.ts';
import { decodeInvitation } from '#domain/invitation.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { createMachineCalls, type MachineCalls } from '#protocol/machine-calls.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import { keyToWire, type WireKey } from '#protocol/wire-key.ts';
import { askToJoin } from '#transport/ask-to-join.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import { createMachineClient } from '#transport/machine-client.ts';
import { machineSend } from '#transport/machine-send.ts';

/** A key as whoever holds its data knows it. */
export interface HeldKey {
  readonly id: string;
  readonly claim: string;
  readonly wire: WireKey;
}

export interface PlayedDevice {
  readonly calls: MachineCalls;
  /** A new key of this device. Nobody else knows it yet. */
  makeKey(materialBytes?: number): HeldKey;
  /** Resolves when the server has acknowledged it. */
  handOver(key: HeldKey): Promise<void>;
  close(): void;
}

/** @param addresses where it dials; those of the invitation unless given. */
export async function joinDevice(
  server: { readonly call: PeopleClient },
  addresses?: readonly string[],
): Promise<PlayedDevice> {
  const { invitation } = await server.call('inviteDevice', {});
  const invited = decodeInvitation(invitation);
  const decoded = { ...invited, addresses: addresses ?? invited.addresses };
  const keyPair = makeKeyPair();
  const device = { id: randomUUID(), name: 'played device' };
  const joined = await askToJoin({ invitation: decoded, keyPair, ...device, now: Date.now });
  const credentials = { certificatePem: joined.certificate, privateKeyPem: keyPair.privateKeyPem };
  const client = createMachineClient({
    addresses: decoded.addresses,
    authority: { certificatePem: joined.authority },
    serverId: joined.server.id,
    clientCertificate: () => credentials,
    now: Date.now,
  });
  const calls = createMachineCalls(machineSend(client));
  return {
    calls,
    makeKey(materialBytes = 32) {
      const claim = new Uint8Array(randomBytes(16));
      const complete = makeKey(
        {
          kind: 'volume',
          claimHash: hashClaim(claim),
          device,
          locator: { label: 'some drive' },
          algorithm: 'aes-xts-plain64/512',
          origin: joined.server.id,
          createdAt: new Date().toISOString(),
          replaces: null,
        },
        new KeyMaterial(randomBytes(materialBytes)),
        new Uint8Array(randomBytes(16)),
      );
      return { id: complete.key.id, claim: claimToText(claim), wire: keyToWire(complete) };
    },
    async handOver(key) {
      const answer = await calls.call('record', { complete: key.wire });
      if (answer.id !== key.id) throw new Error(`key ${answer.id} was acknowledged in place of ${key.id}`);
    },
    close: () => client.close(),
  };
}
