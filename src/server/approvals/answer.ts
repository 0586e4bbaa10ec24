/**
 * The answers to a request: approved, denied, withdrawn.
 *
 * Invariant: each answer is judged, written and recorded in one transaction. A request that ended never reopens.
 */
import {
  type Answered,
  ANSWER_BARRIERS,
  approvalsThatCount,
  type ApprovalRequest,
  approversNeeded,
  GRANT_MS,
  isOpen,
  type KnownPerson,
  type Named,
  stateSentence,
  whyNotAnswer,
} from '#domain/approval.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import type { Caller } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { Reader } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import { latestTime } from '../repository/known-time.ts';
import { ended, putRequest, readRequest } from './approval-rows.ts';
import { personById } from './known-by-row.ts';
import type { ApprovalPorts } from './ports.ts';
import { refused } from './require-approval.ts';
import { readRules } from './rules.ts';

export function approve(ports: ApprovalPorts, caller: Caller, id: string): Promise<ApprovalRequest> {
  return ports.store.write(async (transaction) => {
    const request = await readRequest(ports, transaction, id);
    const { answerer, requester } = await requireAnswerer(ports, transaction, request, caller);
    const approved = {
      ...request,
      approvedBy: [...request.approvedBy, answered(ports, answerer, undefined)],
    };
    const needed = await neededFor(ports, transaction, request);
    const people = new Map<string, KnownPerson>();
    for (const { id: approver } of approved.approvedBy) {
      const person = await personById(ports, transaction, approver);
      if (person !== undefined) people.set(person.id, person);
    }
    const enough = approvalsThatCount(approved, people, requester) >= needed;
    const after = enough ? await granted(ports, transaction, approved) : approved;
    await putRequest(ports, transaction, after);
    await ports.audit.append(transaction, [
      {
        event: 'approval-given',
        by: caller.name,
        approval: id,
        act: request.act,
        person: caller.id,
        reason: null,
      },
    ]);
    return after;
  });
}

/** Under the stricter of two rules: the one when it was requested, and the one now. */
async function neededFor(ports: ApprovalPorts, reader: Reader, request: ApprovalRequest): Promise<number> {
  const parameters = parseJson(request.parameters, ROW_JSON) as Readonly<Record<string, unknown>>;
  const { act, operation } = request;
  const now = approversNeeded(await readRules(ports, reader), { act, operation, parameters });
  return Math.max(1, request.approvers, now);
}

export async function granted(
  ports: ApprovalPorts,
  reader: Reader,
  request: ApprovalRequest,
): Promise<ApprovalRequest> {
  return {
    ...request,
    state: 'approved',
    expiresAt: isoTime(ports.clock() + GRANT_MS),
    knownAt: isoTime(await latestTime(ports, reader)),
  };
}

/** One denial is enough. The owner of the data directory may deny too, since that only prevents an act. */
export function deny(
  ports: ApprovalPorts,
  caller: Caller,
  { id, reason }: { readonly id: string; readonly reason?: string | undefined },
): Promise<ApprovalRequest> {
  return ports.store.write(async (transaction) => {
    const request = await readRequest(ports, transaction, id);
    let by: Named = caller;
    if (caller.id !== null) by = (await requireAnswerer(ports, transaction, request, caller)).answerer;
    else if (request.state !== 'waiting') throw cannot(request, 'denied', stateSentence(request)!);
    const after = ended({ ...request, deniedBy: answered(ports, by, reason) }, 'denied', ports.clock());
    await putRequest(ports, transaction, after);
    await ports.audit.append(transaction, [
      {
        event: 'approval-denied',
        by: caller.name,
        approval: id,
        act: request.act,
        person: caller.id,
        reason: reason ?? null,
      },
    ]);
    return after;
  });
}

/** Only the requester may withdraw, even after approval. */
export function withdraw(ports: ApprovalPorts, caller: Caller, id: string): Promise<ApprovalRequest> {
  return ports.store.write(async (transaction) => {
    const request = await readRequest(ports, transaction, id);
    if (request.by.id !== caller.id && request.owner !== (caller.id ?? ''))
      throw cannot(request, 'withdrawn', 'somebody else asked for it');
    if (!isOpen(request)) throw cannot(request, 'withdrawn', stateSentence(request)!);
    const after = ended(request, 'withdrawn', ports.clock());
    await putRequest(ports, transaction, after);
    await ports.audit.append(transaction, [
      { event: 'approval-withdrawn', by: caller.name, approval: id, act: request.act },
    ]);
    return after;
  });
}

/** @returns the request and the caller as they are now. Throws `approval-refused`. */
async function requireAnswerer(
  ports: ApprovalPorts,
  reader: Reader,
  request: ApprovalRequest,
  caller: Caller,
): Promise<{ readonly answerer: KnownPerson; readonly requester: KnownPerson | undefined }> {
  if (caller.id === null && request.state === 'waiting') {
    throw new KeystairError(
      'approval-refused',
      'the owner of the data directory may approve only in an emergency, with a reason that everybody sees',
      { nextStep: step('approve-in-emergency', { approval: request.id }), details: { approval: request.id } },
    );
  }
  const requester = await personById(ports, reader, request.by.id);
  const answerer = await personById(ports, reader, caller.id);
  const because = whyNotAnswer(request, answerer, requester);
  if (because !== undefined || answerer === undefined)
    throw cannot(request, 'answered', because ?? ANSWER_BARRIERS.unknown);
  return { answerer, requester };
}

export function cannot({ id }: ApprovalRequest, what: string, because: string): KeystairError {
  return refused(id, `the request ${id} cannot be ${what}: ${because}`);
}

export function answered(
  { clock }: Pick<ApprovalPorts, 'clock'>,
  { id, name }: Named,
  reason: string | undefined,
): Answered {
  return { id, name, at: isoTime(clock()), ...(reason === undefined ? {} : { reason }) };
}
