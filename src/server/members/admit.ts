/**
 * Joining: a device or secondary becomes a member. The public key whose possession TLS proved spends the invitation and
 * is bound to the member's id for ever.
 */
import type { z } from 'zod';
import { KeystairError } from '#domain/errors.ts';
import type { ServerName } from '#domain/server-name.ts';
import { type Member, mayCall } from '#domain/member.ts';
import { nameRule, readName } from '#domain/name.ts';
import { step } from '#domain/step.ts';
import type { JoinAnswer, JoinRequest } from '#protocol/messages.ts';
import type { Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readOptions } from '../repository/settings.ts';
import type { Credentials } from './credentials.ts';
import { readGroups } from '../groups/group-rows.ts';
import { type InvitationRow, requireInvitation, shortId } from './invitations.ts';
import { readMember, writeMember } from './members.ts';

export interface Joiner {
  /** SPKI DER, as TLS proved it. */
  readonly publicKey: Uint8Array;
  readonly fingerprint: string;
}

/** Checks only new names, since people read them; a member may keep an old one. */
function requireName(kind: Member['kind'], name: string): void {
  const read = readName(name);
  if ('name' in read) return;
  throw new KeystairError('invalid-argument', `the name of the ${kind} ${read.fault}`, {
    nextStep: `give it another with --name: ${nameRule()}`,
  });
}

/** @param line the servers above this one, as last reported. */
export async function admit(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'hierarchyChanged' | 'rows' | 'server' | 'store'>,
  credentials: Credentials,
  joiner: Joiner,
  request: z.infer<typeof JoinRequest>,
  line: readonly ServerName[],
): Promise<JoinAnswer> {
  if (request.id === ports.server.id) {
    throw new KeystairError('invitation-invalid', 'a server cannot join itself', {
      nextStep: 'use the invitation on the secondary',
    });
  }
  const { secret, kind, name } = request;
  const { member, repeated } = await ports.store.write(async (transaction) => {
    const invitation = await requireInvitation(ports, transaction, {
      secret,
      kind,
      fingerprint: joiner.fingerprint,
    });
    const known = await readMember(ports.rows, transaction, request.id);
    if (known !== undefined && (known.fingerprint !== joiner.fingerprint || known.kind !== kind)) {
      throw new KeystairError('already-exists', `another member here has this id`, {
        nextStep:
          'two copies of one data or state directory are in use: start the copy again with an empty directory',
      });
    }
    if (known?.name !== name) requireName(kind, name);
    if (kind === 'secondary') await refuseRing(ports, transaction, line, request.id);
    const repeated = invitation.row.usedBy !== null;
    if (repeated && (known === undefined || !mayCall(known))) {
      // Otherwise a removed member would return with the invitation that it spent.
      throw new KeystairError(
        'invitation-used',
        'this invitation was used, and the member that used it has been removed or has moved since',
        {
          nextStep: 'ask for a new one',
        },
      );
    }
    const joined: Member =
      repeated && known !== undefined
        ? { ...known, name }
        : {
            id: request.id,
            kind,
            name,
            fingerprint: joiner.fingerprint,
            publicKey: Buffer.from(joiner.publicKey).toString('base64'),
            // A member renews its address with a new invitation, and keeps its mark.
            dmz: invitation.row.dmz || (known?.removedAt === null && known.dmz),
            state: request.arriving === true ? 'arriving' : 'managed',
            movedTo: null,
            ...(await groupIn(ports, transaction, invitation.row, known)),
            joinedAt: isoTime(ports.clock()),
            removedAt: null,
          };
    await writeMember(ports.rows, transaction, joined);
    await ports.rows.put(transaction, 'invitation', invitation.id, {
      ...invitation.row,
      usedBy: joiner.fingerprint,
    });
    // Recorded once: a member may repeat the request for a lost reply without end.
    if (!repeated) {
      await ports.audit.append(transaction, [
        {
          event: 'invitation-used',
          by: `${kind}:${request.id}`,
          kind,
          member: request.id,
          name,
          fingerprint: joiner.fingerprint,
          invitation: shortId(invitation.id),
        },
      ]);
    }
    return { member: joined, repeated };
  });
  if (!repeated) ports.hierarchyChanged.raise();
  const options = await readOptions(ports.rows, ports.store.reader);
  return {
    server: ports.server,
    ...(await credentials.certify(member.id, joiner.publicKey)),
    addresses: [...credentials.addresses()],
    useHierarchy: options.useHierarchy,
    dmz: member.dmz,
  };
}

/** A device that is managed here keeps its group: an invitation brings nobody keys of a device that stands elsewhere. */
async function groupIn(
  { rows }: Pick<ServerPorts, 'rows'>,
  transaction: Transaction,
  { group }: InvitationRow,
  known: Member | undefined,
): Promise<Pick<Member, 'group'>> {
  if (known !== undefined && mayCall(known)) return known.group === undefined ? {} : { group: known.group };
  if (group === undefined) return {};
  // It may be gone since.
  return (await readGroups(rows, transaction)).has(group) ? { group } : {};
}

/** A server above this one cannot join below it. A ring that cannot be seen here is reported once it is closed. */
async function refuseRing(
  ports: Pick<ServerPorts, 'rows' | 'server'>,
  transaction: Transaction,
  line: readonly ServerName[],
  joinerId: string,
): Promise<void> {
  const primaries = await ports.rows.all<ServerName>(transaction, 'primary');
  const above = [...primaries.map(({ value }) => value), ...line];
  const joiner = above.find(({ id }) => id === joinerId);
  if (joiner === undefined) return;
  const { name } = ports.server;
  throw new KeystairError(
    'invitation-invalid',
    `${name}, which made this invitation, is below ${joiner.name}: the servers would form a loop`,
    {
      nextStep: step('prevent-ring-above', { server: name }),
    },
  );
}
