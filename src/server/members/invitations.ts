/** Invitations: made for a person to carry, stored as the hash of their secret, spent by one public key. */
import { KeystairError } from '#domain/errors.ts';
import { type Invitation, encodeInvitation, hashInvitationSecret } from '#domain/invitation.ts';
import { INVITATION_MS_DEFAULT, INVITATION_SECRET_BYTES } from '#domain/limits.ts';
import type { MemberKind } from '#domain/member.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { Transaction } from '#store/transaction.ts';
import { type CallLife, UNWATCHED } from '../environment/call-life.ts';
import { isoTime } from '../environment/environment.ts';
import { type Expiring, isExpired, latestTime } from '../repository/known-time.ts';
import type { ServerPorts } from '../repository/ports.ts';

/** What is kept of an invitation. */
export interface InvitationRow extends Expiring {
  readonly kind: MemberKind;
  readonly dmz: boolean;
  /** In which the device is to stand; absent for the root group. */
  readonly group?: string | undefined;
  /** The fingerprint of the public key that spent it. */
  readonly usedBy: string | null;
}

/** Makes an invitation. The string is shown once; a lost one must be replaced by a new invitation. */
export async function invite(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>,
  caller: Caller,
  request: Pick<InvitationRow, 'kind' | 'dmz' | 'group'> & { readonly expiresMs?: number | undefined },
  joinAt: { readonly addresses: readonly string[]; readonly authority: string },
  { made }: Pick<CallLife, 'made'> = UNWATCHED,
): Promise<{ invitation: string; expiresAt: string }> {
  const secret = Buffer.from(ports.random(INVITATION_SECRET_BYTES)).toString('base64url');
  const expiresAt = isoTime(ports.clock() + (request.expiresMs ?? INVITATION_MS_DEFAULT));
  const invitation: Invitation = {
    kind: request.kind,
    server: ports.server,
    addresses: joinAt.addresses,
    authority: joinAt.authority,
    secret,
    expiresAt,
  };
  const id = hashInvitationSecret(secret);
  await ports.store.write(async (transaction) => {
    const knownAt = isoTime(await latestTime(ports, transaction));
    const { kind, dmz } = request;
    const group = request.group === undefined ? {} : { group: request.group };
    const row: InvitationRow = { kind, dmz, ...group, expiresAt, knownAt, usedBy: null };
    await made(transaction);
    await ports.rows.put(transaction, 'invitation', id, row);
    await ports.audit.append(transaction, [
      {
        event: 'invitation-made',
        by: caller.name,
        kind,
        dmz,
        ...group,
        expiresAt,
        invitation: shortId(id),
      },
    ]);
  });
  return { invitation: encodeInvitation(invitation), expiresAt };
}

/**
 * The invitation of this secret, if this public key may use it now: it is unspent, or the same key spent it. That key
 * may repeat the request until the invitation expires, so a lost reply burns nothing.
 */
export async function requireInvitation(
  ports: Pick<ServerPorts, 'rows' | 'clock'>,
  transaction: Transaction,
  request: { readonly secret: string; readonly kind: MemberKind; readonly fingerprint: string },
): Promise<{ id: string; row: InvitationRow }> {
  const id = hashInvitationSecret(request.secret);
  const row = await ports.rows.get<InvitationRow>(transaction, 'invitation', id);
  if (row === undefined) {
    throw new KeystairError('invitation-invalid', 'this server did not make this invitation', {
      nextStep: 'check that the invitation is for this server, or ask its administrator for a new one',
    });
  }
  if (row.kind !== request.kind) {
    throw new KeystairError('invitation-invalid', `this invitation is for a ${row.kind}`, {
      nextStep: step(row.kind === 'device' ? 'use-for-device' : 'use-for-secondary'),
    });
  }
  if (await isExpired(ports, transaction, row)) {
    throw new KeystairError('invitation-expired', `the invitation expired at ${row.expiresAt}`, {
      nextStep: 'ask for a new one',
    });
  }
  if (row.usedBy !== null && row.usedBy !== request.fingerprint) {
    throw new KeystairError('invitation-used', 'the invitation was used by another device or server', {
      nextStep: 'ask for a new one; if nobody you know used it, ask the administrator to check who joined',
    });
  }
  return { id, row };
}

/** How the audit log names an invitation. */
export function shortId(id: string): string {
  return id.slice(0, 16);
}
