/** A device's heartbeat, and the receipts that the device returns if this server's count differs. */
import { isManaged, type Member } from '#domain/member.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import type { Transaction } from '#store/transaction.ts';
import { toHex } from '#domain/hex.ts';
import type { CheckedKey } from '#domain/encryption-key.ts';
import { recordKeys } from '../records/record-keys.ts';
import { writeMember } from '../members/members.ts';
import type { DriveReport } from '#domain/drive-report.ts';
import type { Contact } from '#store/rows.ts';
import { areTasks, endTasks, tasksOf } from '../keys/rotation-tasks.ts';
import { heardDrives, toldReport } from './device-contact.ts';
import { noteReceipts } from './receipts.ts';
import type { GroupPolicies } from '../groups/group-policies.ts';
import type { DevicePorts } from './record-device-key.ts';

export async function deviceHeartbeat(
  ports: DevicePorts & { readonly policies: GroupPolicies },
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: RequestOf<'deviceHeartbeat'>,
  addresses: readonly string[],
): Promise<AnswerOf<'deviceHeartbeat'>> {
  const { member, totals, wantDrives, rotate } = await ports.store.write(async (transaction) => {
    // The row as it is now: a row read earlier would undo a removal of this moment.
    const member = await requireCaller(transaction);
    const before = await transaction.contact(member.id);
    const { body, wantDrives } = heardDrives(before, request.drives, ports.clock());
    const contact = { id: member.id, lastHeartbeatAt: ports.clock(), body };
    await transaction.putContact(contact);
    const rotate = await revealedDrives(ports, transaction, contact, request.drives?.report);
    if (request.name !== member.name)
      await writeMember(ports.rows, transaction, { ...member, name: request.name });
    return { member, totals: await transaction.receiptTotals(member.id), wantDrives, rotate };
  });
  const agree = totals.count === request.receipts.count && toHex(totals.digest) === request.receipts.digest;
  // If receipts are wanted for damaged keys, the next request tells which ones.
  const differ = !agree || ports.wanted.from(member.id);
  const policy = isManaged(member) ? await ports.policies.forDevice(member, request.policy) : undefined;
  return {
    server: ports.server,
    addresses: [...addresses],
    receipts: differ ? 'differ' : 'agree',
    ...(policy === undefined ? {} : { policy }),
    ...(wantDrives ? { wantDrives } : {}),
    ...(rotate.length === 0 ? {} : { rotate }),
  };
}

/** Of the drives that it reported, the keys that were revealed. A new report may end such tasks first. */
async function revealedDrives(
  ports: DevicePorts,
  transaction: Transaction,
  contact: Contact,
  told: DriveReport | undefined,
): Promise<string[]> {
  // An idle heartbeat reads no report.
  if (!(await areTasks(transaction))) return [];
  if (told !== undefined) await endTasks(ports, transaction, contact.id, told);
  const drives = toldReport(contact)?.report.drives ?? [];
  const keys = drives.flatMap(({ key }) => (key === null ? [] : [key]));
  return [...(await tasksOf(ports, transaction, [...new Set(keys)])).keys()];
}

/** Of a device's receipts, those that this server does not know, and those of keys that are damaged here. */
export async function missingReceipts(
  ports: DevicePorts,
  member: Member,
  request: RequestOf<'missingReceipts'>,
): Promise<AnswerOf<'missingReceipts'>> {
  const { reader } = ports.store;
  const known = await reader.knownKeys(request.ids);
  const held = await reader.hasReceipts(
    member.id,
    [...known.values()].map(({ seq }) => seq),
  );
  return {
    missing: request.ids.filter((id) => {
      const key = known.get(id);
      return key === undefined || !held.has(key.seq) || ports.wanted.has(key.seq);
    }),
  };
}

/** Recovers keys from receipts: only this server's own receipts, for this device, whose record fits its id. */
export async function returnReceipts(
  ports: DevicePorts,
  member: Member,
  requireCaller: (transaction: Transaction) => Promise<Member>,
  request: RequestOf<'returnReceipts'>,
): Promise<AnswerOf<'returnReceipts'>> {
  const unopened: string[] = [];
  const keys: CheckedKey[] = [];
  for (const { id, receipt } of request.receipts) {
    const key = ports.receipts.open(member.id, id, receipt);
    if (key === undefined) unopened.push(id);
    else keys.push(key);
  }
  const { recorded, known, conflicts } = await ports.store.write(async (transaction) => {
    await requireCaller(transaction);
    const outcomes = await recordKeys(ports, transaction, keys, `receipt:${member.id}`);
    const held: { id: string; seq: number }[] = [];
    const conflicts: string[] = [];
    outcomes.forEach((outcome, at) => {
      const { id } = keys[at]!.complete.key;
      if (outcome.outcome === 'conflict') conflicts.push(id);
      else held.push({ id, seq: outcome.seq });
    });
    await noteReceipts(transaction, member.id, held);
    const counts = {
      recorded: outcomes.filter(({ outcome }) => outcome === 'new').length,
      known: outcomes.filter(({ outcome }) => outcome === 'known').length,
    };
    await ports.audit.append(transaction, [
      { event: 'receipts-returned', by: `device:${member.id}`, device: member.id, ...counts },
    ]);
    return { ...counts, conflicts };
  });
  if (recorded > 0) {
    ports.log.warn(
      { event: 'receipts-returned', device: member.id, recorded },
      'keys came back from receipts',
    );
    ports.keysRecorded.raise();
  }
  return { recorded, known, refused: [...unopened, ...conflicts] };
}
