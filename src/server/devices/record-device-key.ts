/**
 * A device hands its key over. The device starts to encrypt on the acknowledgement, so it is given only when key and
 * receipt are durable. A device may hand over only what it made itself, on this server.
 */
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Member } from '#domain/member.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import { keyFromWire } from '#protocol/wire-key.ts';
import type { Transaction } from '#store/transaction.ts';
import { chargeMember, type MemberBudgets } from '../members/member-budgets.ts';
import { step } from '#domain/step.ts';
import type { ServerPorts } from '../repository/ports.ts';
import type { DeviceCustody } from './device-custody.ts';
import type { Receipts } from './receipts.ts';

export interface DevicePorts
  extends Omit<ServerPorts, 'timers' | 'random' | 'hierarchyChanged' | 'treeChanged'> {
  readonly receipts: Receipts;
  readonly budgets: MemberBudgets;
  readonly custody: DeviceCustody;
}

function requireOwnKey(ports: Pick<ServerPorts, 'server'>, member: Member, key: EncryptionKey): void {
  if (key.device.id !== member.id) {
    throw new KeystairError(
      'record-invalid',
      `the key names device ${key.device.id}, but device ${member.id} sent it`,
      {
        nextStep: 'it was not stored; a device hands over only keys that it made itself',
      },
    );
  }
  if (key.origin !== ports.server.id) {
    throw new KeystairError(
      'record-invalid',
      `the key names server ${key.origin} as its origin, which is not this server`,
      {
        nextStep: step('check-origin'),
      },
    );
  }
}

export async function recordDeviceKey(
  ports: DevicePorts,
  member: Member,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: RequestOf<'record'>,
): Promise<AnswerOf<'record'>> {
  const key = keyFromWire(request.complete);
  const { id } = key.complete.key;
  requireOwnKey(ports, member, key.complete.key);
  const bytes = key.fields.length + key.complete.material.expose().length;
  // Before the work, which the store may run again.
  chargeMember(ports.budgets, member, 'custody', { records: 1, bytes });
  await ports.custody.record({ key, requireCaller });
  return { id, receipt: ports.receipts.seal(member.id, key.complete), server: ports.server };
}
