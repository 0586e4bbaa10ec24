/**
 * Joining, on the joiner's side: it dials the inviting server, pins the authority that the invitation names, and proves
 * by TLS that it holds the key which spends the invitation. There is no trust on first use.
 */
import { KeystairError } from '#domain/errors.ts';
import type { Invitation } from '#domain/invitation.ts';
import { createMachineCalls } from '#protocol/machine-calls.ts';
import type { JoinAnswer } from '#protocol/messages.ts';
import { selfSignedCertificate } from './authority.ts';
import type { KeyPair } from './key-pair.ts';
import { createMachineClient } from './machine-client.ts';
import { machineSend } from './machine-send.ts';
import { trustAuthority } from './trusted-authority.ts';

export async function askToJoin(request: {
  readonly invitation: Invitation;
  readonly keyPair: KeyPair;
  readonly id: string;
  readonly name: string;
  readonly useHierarchy?: boolean;
  readonly arriving?: boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
}): Promise<JoinAnswer> {
  const { invitation, keyPair, id, name } = request;
  const certificatePem = await selfSignedCertificate({ keyPair, now: request.now() });
  const client = createMachineClient({
    addresses: invitation.addresses,
    authority: { fingerprint: invitation.authority },
    serverId: invitation.server.id,
    clientCertificate: () => ({ certificatePem, privateKeyPem: keyPair.privateKeyPem }),
    now: request.now,
  });
  try {
    const answer = await createMachineCalls(machineSend(client)).call('join', {
      secret: invitation.secret,
      id,
      name,
      kind: invitation.kind,
      ...(request.useHierarchy === undefined ? {} : { useHierarchy: request.useHierarchy }),
      ...(request.arriving === undefined ? {} : { arriving: request.arriving }),
    });
    // From now on this certificate itself is pinned, so it must be the one that the invitation pinned by its key.
    if (trustAuthority(answer.authority).fingerprint !== invitation.authority) {
      throw new KeystairError(
        'untrusted-server',
        'the authority of the server is not the one in the invitation',
        {
          nextStep: 'ask for a new invitation, and tell the administrator of the server',
        },
      );
    }
    return answer;
  } finally {
    client.close();
  }
}
