/**
 * Joins a primary. The key pair is stored first. Its public key spends the invitation and may repeat the request, so a
 * lost reply burns nothing. The invitation pins an authority key: the server that holds it is the primary.
 */
import { KeystairError } from '#domain/errors.ts';
import { decodeInvitation, type Invitation } from '#domain/invitation.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { JoinAnswer } from '#protocol/messages.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { Reader } from '#store/transaction.ts';
import { readOptions, writeOptions } from '../../repository/settings.ts';
import type { HierarchyPorts } from '../ports.ts';
import { isBelow } from '../tree.ts';
import type { PrimaryLink } from './primary-link.ts';
import { MEMBER_KEY, type PrimaryRow, readPrimary } from './primary-row.ts';
import type { UpwardTransmission } from './upward-transmission.ts';

/** Dials an inviting server, pins its authority, proves possession of the key, and asks to join. */
export type AskToJoin = (
  invitation: Invitation,
  privateKeyPem: string,
  request: { readonly id: string; readonly name: string; readonly useHierarchy: boolean },
) => Promise<JoinAnswer>;

export interface JoinPorts
  extends Pick<
    HierarchyPorts,
    'audit' | 'clock' | 'reported' | 'hierarchyChanged' | 'rows' | 'server' | 'store'
  > {
  readonly askToJoin: AskToJoin;
  readonly makePrivateKey: () => string;
  readonly link: PrimaryLink;
  readonly upward: UpwardTransmission;
}

export async function joinHierarchy(
  ports: JoinPorts,
  caller: Caller,
  request: { readonly invitation: string; readonly useHierarchy?: true | undefined },
): Promise<PeopleAnswer<'joinHierarchy'>> {
  const invitation = decodeInvitation(request.invitation);
  if (invitation.kind !== 'secondary') {
    throw new KeystairError('invitation-invalid', 'this invitation is for a device, not for a secondary', {
      nextStep: step('ask-for-secondary'),
    });
  }
  if (invitation.server.id === ports.server.id) {
    throw new KeystairError('invitation-invalid', 'this server made this invitation itself', {
      nextStep: 'use it on the server that should become its secondary',
    });
  }
  if (await isBelow(ports, invitation.server.id)) {
    throw new KeystairError(
      'invitation-invalid',
      `${invitation.server.name}, which made this invitation, is below this server: the servers would form a loop`,
      {
        nextStep: step('prevent-ring', { server: invitation.server.name }),
      },
    );
  }
  const { reader } = ports.store;
  await presentPrimary(ports, reader, invitation.server.id);
  const asked = {
    ...ports.server,
    useHierarchy: request.useHierarchy ?? (await readOptions(ports.rows, reader)).useHierarchy,
  };
  const answer = await ports.askToJoin(invitation, await memberKey(ports), asked);
  const { primary, present, useHierarchy } = await ports.store.write(async (transaction) => {
    // The request took a moment. Meanwhile this server may have joined another, or its option or mark may have changed.
    const present = await presentPrimary(ports, transaction, answer.server.id);
    const primary: PrimaryRow = {
      ...answer.server,
      addresses: answer.addresses.length > 0 ? answer.addresses : invitation.addresses,
      authority: answer.authority,
      certificate: answer.certificate,
      dmz: present?.dmz ?? false,
    };
    await ports.rows.put(transaction, 'primary', 'current', primary);
    const options = await readOptions(ports.rows, transaction);
    const useHierarchy = request.useHierarchy ?? options.useHierarchy;
    const switched = useHierarchy !== options.useHierarchy;
    if (switched)
      await writeOptions(ports.rows, transaction, { ...options, useHierarchy, switchedAt: ports.clock() });
    await ports.audit.append(transaction, [
      ...(switched
        ? [{ event: 'settings-changed', by: caller.name, changes: { useHierarchy } } as const]
        : []),
      {
        event: 'hierarchy-joined',
        by: caller.name,
        primary: primary.id,
        name: primary.name,
        dmz: answer.dmz,
      },
    ]);
    return { primary, present, useHierarchy };
  });
  ports.link.forget();
  await ports.store.processes?.settled();
  ports.hierarchyChanged.raise();
  // The first heartbeat, so that both ends know each other when the command returns. It may fail: the join stands.
  await ports.upward.refresh().catch(() => undefined);
  return {
    primary: answer.server,
    useHierarchy,
    primaryUsesHierarchy: answer.useHierarchy,
    dmz: answer.dmz || primary.dmz,
    addressesUpdated: present !== undefined,
    addresses: [...primary.addresses],
  };
}

/** The primary that this server already has, which must be the wanted one. Throws `already-joined`. */
async function presentPrimary(
  ports: JoinPorts,
  reader: Reader,
  wantedId: string,
): Promise<PrimaryRow | undefined> {
  const present = await readPrimary(ports.rows, reader);
  if (present === undefined || present.id === wantedId) return present;
  throw new KeystairError('already-joined', `this server already has the primary ${present.name}`, {
    nextStep: step('leave-first'),
  });
}

/** This server's key as a member. It is made once and kept: the member id is bound to it wherever the server joins. */
async function memberKey({ rows, store, makePrivateKey }: JoinPorts): Promise<string> {
  const key =
    (await rows.getSecret(store.reader, MEMBER_KEY)) ??
    (await store.write(async (transaction) => {
      const there = await rows.getSecret(transaction, MEMBER_KEY);
      if (there !== undefined) return there;
      const made = Buffer.from(makePrivateKey());
      await rows.putSecret(transaction, MEMBER_KEY, made);
      return made;
    }));
  return Buffer.from(key).toString();
}
