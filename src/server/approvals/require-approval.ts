/**
 * Decides before every act: may the caller do it alone, is it approved, or must somebody be asked first?
 *
 * Invariants: a request, and the use of one, is judged, written and recorded in the audit log in one transaction, by
 * the state in that transaction. So if two uses race, one succeeds. The act begins only when the transaction is
 * durable.
 */
import {
  approvalsThatCount,
  APPROVERS_MAX,
  type ApprovalRequest,
  approversNeeded,
  type AskedAct,
  isOpen,
  type KnownPerson,
  type Meaning,
  PARAMETERS_LENGTH_MAX,
  REQUEST_MS,
  REQUESTS_OPEN_MAX,
  REQUESTS_OPEN_OF_ONE_MAX,
  type Use,
  whyNotUse,
} from '#domain/approval.ts';
import { canonicalCall } from '#domain/canonical-call.ts';
import { KeystairError } from '#domain/errors.ts';
import type { Caller, UsedApproval } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { isoTime } from '../environment/environment.ts';
import {
  ended,
  momentOf,
  newestFirstId,
  openRequests,
  putRequest,
  readRequest,
  sweepExpired,
} from './approval-rows.ts';
import { personById } from './known-by-row.ts';
import type { ApprovalPorts } from './ports.ts';
import { readRules } from './rules.ts';

/** What came with the call. */
export interface GivenApproval {
  readonly approval?: string | undefined;
  /** For the approvers. */
  readonly reason?: string | undefined;
}

interface Asking {
  readonly caller: Caller;
  readonly asked: AskedAct;
  readonly spelled: string;
  readonly meaning: Meaning;
  readonly reason: string | null;
}

/**
 * Resolves to the approval that this call used; to undefined if no rule requires one.
 *
 * Throws `approval-needed` with the id of the request, `approval-refused`, `later`.
 */
export async function requireApproval(
  ports: ApprovalPorts,
  caller: Caller,
  asked: AskedAct,
  given: GivenApproval,
): Promise<UsedApproval | undefined> {
  const { reader } = ports.store;
  // An approval that the caller names is used or refused, even if no rule requires one: the caller relies on its
  // limits.
  if (given.approval === undefined && approversNeeded(await readRules(ports, reader), asked) === 0)
    return undefined;
  // What is named, in whatever order: no call that a rule may be about takes a list whose order says something.
  const spelled = canonicalCall(asked.parameters);
  if (spelled.length > PARAMETERS_LENGTH_MAX) throw tooMuch();
  const meaning = await ports.meaningOf(caller, asked);
  const asking: Asking = { caller, asked, spelled, meaning, reason: given.reason ?? reasonIn(asked) };
  const { approval } = given;
  if (approval !== undefined)
    return ports.store.write((transaction) => use(ports, transaction, asking, approval));
  const made = await ports.store.write((transaction) => ask(ports, transaction, asking));
  if (made === undefined) return undefined;
  ports.notices.wake();
  throw needed(made);
}

/** Marks the request as used. */
async function use(
  ports: ApprovalPorts,
  transaction: Transaction,
  asking: Asking,
  id: string,
): Promise<UsedApproval> {
  const request = await readRequest(ports, transaction, id);
  const judged = await useOf(ports, transaction, asking, request);
  const because = whyNotUse(request, judged, asking.spelled);
  if (because !== undefined) throw refused(id, `the approval ${id} cannot be used: ${because}`);
  await putRequest(ports, transaction, ended(request, 'used', ports.clock()));
  const emergency = request.emergency !== null;
  await ports.audit.append(transaction, [
    {
      event: 'approval-used',
      by: asking.caller.name,
      approval: id,
      act: request.act,
      approvedBy: request.approvedBy.map(({ id: approver }) => approver ?? ''),
      emergency,
    },
  ]);
  const requester = judged.caller.id === null ? undefined : judged.people.get(judged.caller.id);
  return {
    id,
    approvers: emergency ? APPROVERS_MAX : approvalsThatCount(request, judged.people, requester),
    upTo: request.meaning.upTo,
  };
}

async function useOf(
  ports: ApprovalPorts,
  reader: Reader,
  { caller, asked, meaning }: Asking,
  request: ApprovalRequest,
): Promise<Use> {
  const needed = approversNeeded(await readRules(ports, reader), asked);
  return { ...asked, caller, meaning, needed, people: await peopleOf(ports, reader, request, caller.id) };
}

/** The requester and the approvers, as they are now. */
async function peopleOf(
  ports: ApprovalPorts,
  reader: Reader,
  { approvedBy }: ApprovalRequest,
  caller: string | null,
): Promise<ReadonlyMap<string, KnownPerson>> {
  const found = new Map<string, KnownPerson>();
  for (const id of [caller, ...approvedBy.map((approver) => approver.id)]) {
    const person = await personById(ports, reader, id);
    if (person !== undefined) found.set(person.id, person);
  }
  return found;
}

/**
 * The approval for exactly these parameters, the request that waits for one, or a new request; undefined if the rule
 * was removed meanwhile.
 */
async function ask(
  ports: ApprovalPorts,
  transaction: Transaction,
  asking: Asking,
): Promise<ApprovalRequest | undefined> {
  const { caller, asked, spelled, meaning, reason } = asking;
  const approvers = approversNeeded(await readRules(ports, transaction), asked);
  if (approvers === 0) return undefined;
  const moment = await momentOf(ports, transaction);
  const requests = await openRequests(ports, transaction, moment);
  const open = requests.filter(isOpen);
  const same = open.filter(
    ({ by, operation, parameters }) =>
      by.id === caller.id && operation === asked.operation && parameters === spelled,
  );
  for (const request of same.filter(({ state }) => state === 'approved'))
    if (whyNotUse(request, await useOf(ports, transaction, asking, request), spelled) === undefined)
      return request;
  const waiting = same.find(({ state }) => state === 'waiting');
  if (waiting !== undefined) return waiting;
  await sweepExpired(ports, transaction, requests);
  if (open.filter(({ by }) => by.id === caller.id).length >= REQUESTS_OPEN_OF_ONE_MAX)
    throw tooMany(`${REQUESTS_OPEN_OF_ONE_MAX} of your requests`);
  if (open.length >= REQUESTS_OPEN_MAX) throw tooMany(`${REQUESTS_OPEN_MAX} requests`);
  const person = await personById(ports, transaction, caller.id);
  const request: ApprovalRequest = {
    id: newestFirstId(ports.clock, ports.random),
    act: asked.act,
    operation: asked.operation,
    parameters: spelled,
    meaning,
    approvers,
    by: { id: caller.id, name: person?.name ?? caller.name },
    owner: person?.ownedBy ?? null,
    reason,
    createdAt: isoTime(moment.now),
    expiresAt: isoTime(moment.now + REQUEST_MS),
    knownAt: isoTime(moment.latest),
    epoch: moment.epoch,
    state: 'waiting',
    endedAt: null,
    approvedBy: [],
    deniedBy: null,
    emergency: null,
  };
  await putRequest(ports, transaction, request);
  const { id, act, operation } = request;
  await ports.audit.append(transaction, [
    {
      event: 'approval-requested',
      by: caller.name,
      approval: id,
      act,
      operation,
      parameters: asked.parameters,
      reason,
    },
  ]);
  const notice = { approval: id, act, by: request.by.name, reason, at: moment.now };
  await ports.notices.queue(transaction, { type: 'approval.requested', ...notice });
  return request;
}

/** Acts that need a reason have it among their parameters. */
function reasonIn({ parameters }: AskedAct): string | null {
  const { reason } = parameters;
  return typeof reason === 'string' ? reason : null;
}

function needed({ id, act, approvers, state }: ApprovalRequest): KeystairError {
  const who = approvers === 1 ? 'one other person' : `${approvers} other people`;
  return new KeystairError('approval-needed', `${act} needs the approval of ${who}; the request is ${id}`, {
    nextStep: step(state === 'approved' ? 'use-approval' : 'wait-for-approval', { approval: id }),
    details: { approval: id },
  });
}

export function refused(id: string, sentence: string): KeystairError {
  return new KeystairError('approval-refused', sentence, {
    nextStep: step('look-at-approval', { approval: id }),
    details: { approval: id },
  });
}

function tooMany(what: string): KeystairError {
  return new KeystairError('later', `${what} are open, which is the maximum`, {
    nextStep: step('withdraw-requests'),
  });
}

function tooMuch(): KeystairError {
  return new KeystairError('invalid-argument', 'the request is too long for an approver to read', {
    nextStep: 'name fewer devices and keys at a time',
  });
}
