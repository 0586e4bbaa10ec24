/**
 * A device that changes server. At its new server, here, it presents the id and claim of every key it needs. Each is
 * looked up like any other and kept. The device moves only when all of them are in this server's own repository. Then
 * the old server is told; it keeps every key and shows the device as moved.
 */
import { claimFromText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { LOOKUP_DEADLINE_MS_DEFAULT } from '#domain/limits.ts';
import type { Member } from '#domain/member.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import type { Transaction } from '#store/transaction.ts';
import type { Lookups } from '../keys/lookup.ts';
import { writeMember } from '../members/members.ts';
import { noteReceipts } from './receipts.ts';
import type { DevicePorts } from './record-device-key.ts';

export interface ArrivePorts extends DevicePorts {
  readonly lookups: Lookups;
}

/** Keys looked up at a time for one arriving device. */
const ARRIVE_TOGETHER = 8;

/** For each key: it is recorded here and has a receipt, or why it could not be had. The answer holds no material. */
export async function arrive(
  ports: ArrivePorts,
  member: Member,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: RequestOf<'arrive'>,
): Promise<AnswerOf<'arrive'>> {
  const deadline = ports.clock() + LOOKUP_DEADLINE_MS_DEFAULT;
  const keys: AnswerOf<'arrive'>['keys'] = [];
  for (let at = 0; at < request.keys.length; at += ARRIVE_TOGETHER) {
    const page = request.keys.slice(at, at + ARRIVE_TOGETHER);
    keys.push(
      ...(await Promise.all(page.map((key) => arriveOne(ports, member, requireCaller, key, deadline)))),
    );
  }
  return { keys };
}

async function arriveOne(
  ports: ArrivePorts,
  member: Member,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  { id, claim }: { readonly id: string; readonly claim: string },
  deadline: number,
): Promise<AnswerOf<'arrive'>['keys'][number]> {
  const outcome = await ports.lookups.find({ id, claim: claimFromText(claim), asked: [], deadline });
  if (outcome.outcome === 'not-found') {
    const { reason, at, asked, since } = outcome;
    return {
      id,
      outcome: 'not-found',
      reason,
      at,
      asked: [...asked],
      ...(since === undefined ? {} : { since }),
    };
  }
  await ports.store.write(async (transaction) => {
    await requireCaller(transaction);
    const known = (await transaction.knownKeys([id])).get(id);
    // It was found above and could not be kept on a full disk. A device moves only when its keys are here.
    if (known === undefined) {
      throw new KeystairError('disk-full', `this server has no space left for key ${id}`, {
        nextStep: 'free some space there, and run the command again with the same invitation',
      });
    }
    await noteReceipts(transaction, member.id, [{ id, seq: known.seq }]);
    await ports.audit.append(transaction, [
      { event: 'key-shown', by: `device:${member.id}`, key: id, to: member.name },
    ]);
  });
  return { id, outcome: 'recorded', receipt: ports.receipts.seal(member.id, outcome.key) };
}

/** The device has moved to this server. */
export async function arrived(
  ports: ArrivePorts,
  requireCaller: (transaction: Transaction) => Promise<Member>,
): Promise<Record<string, never>> {
  await ports.store.write(async (transaction) => {
    const member = await requireCaller(transaction);
    if (member.state === 'managed') return;
    await writeMember(ports.rows, transaction, { ...member, state: 'managed' });
    await ports.audit.append(transaction, [
      { event: 'device-arrived', by: `device:${member.id}`, device: member.id, name: member.name },
    ]);
  });
  return {};
}

/** The device has moved from this server to another. Its keys stay; its next call is refused. */
export async function moved(
  ports: ArrivePorts,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: RequestOf<'moved'>,
): Promise<Record<string, never>> {
  await ports.store.write(async (transaction) => {
    const member = await requireCaller(transaction);
    await writeMember(ports.rows, transaction, { ...member, state: 'moved', movedTo: request.server });
    await ports.audit.append(transaction, [
      {
        event: 'device-moved',
        by: `device:${member.id}`,
        device: member.id,
        to: request.server.id,
        name: request.server.name,
      },
    ]);
  });
  return {};
}
