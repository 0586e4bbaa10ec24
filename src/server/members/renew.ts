/**
 * Renews a member's certificate. Dates are hygiene: a member that was not removed may renew with an expired certificate
 * and the same key, so a laptop from a drawer recovers without help.
 */
import type { z } from 'zod';
import type { Member } from '#domain/member.ts';
import type { RenewAnswer } from '#protocol/messages.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { Credentials } from './credentials.ts';

export async function renew(
  ports: Pick<ServerPorts, 'audit'>,
  credentials: Credentials,
  member: Member,
): Promise<z.infer<typeof RenewAnswer>> {
  const certified = await credentials.certify(member.id, Buffer.from(member.publicKey, 'base64'));
  await ports.audit.record({
    event: 'certificate-renewed',
    by: `${member.kind}:${member.id}`,
    member: member.id,
    notAfter: certified.notAfter,
  });
  return {
    certificate: certified.certificate,
    authority: certified.authority,
    addresses: [...credentials.addresses()],
  };
}
