/**
 * The emergency: the owner of the data directory approves alone. The owner of the process could not be prevented from
 * it, so it is made visible.
 *
 * Invariants: the event is durable before the act can begin. The request says for ever that it was an emergency. The
 * status warns of it until two people have acknowledged it, neither the owner nor the requester.
 */
import {
  ACKNOWLEDGED_BY,
  type ApprovalRequest,
  type Emergency,
  stateSentence,
  whyNotAcknowledge,
} from '#domain/approval.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Caller } from '#domain/right.ts';
import { type Notice, step, warn } from '#domain/step.ts';
import { isoTime } from '../environment/environment.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { answered, cannot, granted } from './answer.ts';
import { putRequest, readRequest } from './approval-rows.ts';
import { personById } from './known-by-row.ts';
import type { ApprovalPorts } from './ports.ts';

/** An emergency that is not acknowledged yet, by the id of its request. */
interface EmergencyRow {
  readonly act: string;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** Emergencies that the status names; an administrator will begin with the first. */
const NAMED_MAX = 20;

export async function approveInEmergency(
  ports: ApprovalPorts,
  caller: Caller,
  { id, reason }: { readonly id: string; readonly reason: string },
): Promise<ApprovalRequest> {
  if (caller.id !== null) {
    throw new KeystairError(
      'not-allowed',
      'only the owner of the data directory can approve in an emergency',
      {
        nextStep: 'approve it without an emergency, or leave it to others who may',
      },
    );
  }
  const approved = await ports.store.write(async (transaction) => {
    const request = await readRequest(ports, transaction, id);
    if (request.state !== 'waiting') throw cannot(request, 'approved', stateSentence(request)!);
    const at = isoTime(ports.clock());
    const emergency: Emergency = { by: caller.name, reason, at, acknowledgedBy: [] };
    const after = { ...(await granted(ports, transaction, request)), emergency };
    await putRequest(ports, transaction, after);
    const row: EmergencyRow = { act: request.act, by: caller.name, reason, at };
    await ports.rows.put(transaction, 'emergency', id, row);
    await ports.audit.append(transaction, [
      { event: 'approval-emergency', by: caller.name, approval: id, act: request.act, reason },
    ]);
    const notice = { approval: id, act: request.act, by: caller.name, reason, at: ports.clock() };
    await ports.notices.queue(transaction, { type: 'approval.emergency', ...notice });
    return after;
  });
  ports.notices.wake();
  return approved;
}

export function acknowledge(ports: ApprovalPorts, caller: Caller, id: string): Promise<ApprovalRequest> {
  return ports.store.write(async (transaction) => {
    const request = await readRequest(ports, transaction, id);
    const requester = await personById(ports, transaction, request.by.id);
    const person = await personById(ports, transaction, caller.id);
    const because = whyNotAcknowledge(request, person, requester);
    if (because !== undefined || request.emergency === null || person === undefined)
      throw cannot(request, 'acknowledged', because ?? 'it was not an emergency');
    const acknowledgedBy = [...request.emergency.acknowledgedBy, answered(ports, person, undefined)];
    const after = { ...request, emergency: { ...request.emergency, acknowledgedBy } };
    await putRequest(ports, transaction, after);
    const left = Math.max(0, ACKNOWLEDGED_BY - acknowledgedBy.length);
    if (left === 0) await transaction.deleteRow('emergency', id);
    await ports.audit.append(transaction, [
      { event: 'emergency-acknowledged', by: caller.name, approval: id, person: person.id, left },
    ]);
    return after;
  });
}

/** For the status. */
export async function emergencyWarnings({
  rows,
  store,
}: Pick<ServerPorts, 'rows' | 'store'>): Promise<readonly Notice[]> {
  const emergencies = await rows.all<EmergencyRow>(store.reader, 'emergency');
  const warnings = emergencies
    .slice(0, NAMED_MAX)
    .map(({ id, value: { act, by, reason, at } }) =>
      warn(
        { name: 'emergency', details: { act, by, reason, at } },
        `EMERGENCY: ${by} approved ${act} alone at ${at}, and two people have not acknowledged it yet: ${reason}`,
        step('acknowledge-emergency', { approval: id }),
      ),
    );
  const more = emergencies.length - NAMED_MAX;
  return more > 0
    ? [
        ...warnings,
        warn(
          { name: 'more-emergencies', details: { count: String(more) } },
          `and ${more} emergencies more`,
          step('look-at-approvals'),
        ),
      ]
    : warnings;
}
