/**
 * Lists requests for people: open and ended ones, the newest first, each with whether the reader may answer it.
 *
 * Invariant: without the right to see requests, a person sees only their own, and does not learn that others exist.
 */
import type { Act } from '#domain/act.ts';
import {
  ANSWER_BARRIERS,
  type AnswerBarrier,
  APPROVALS_PAGE_MAX,
  type ApprovalRequest,
  barrierToAnswer,
  type RequestState,
  stateSentence,
} from '#domain/approval.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { KeystairError } from '#domain/errors.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { type Caller, hasRight, read } from '#domain/right.ts';
import { step } from '#domain/step.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { ShownApproval } from '#protocol/people/routes/approvals.ts';
import type { Reader } from '#store/transaction.ts';
import { momentOf, openRequests, readRequest } from './approval-rows.ts';
import { personById } from './known-by-row.ts';
import type { ApprovalPorts } from './ports.ts';

/**
 * Ended rows that are searched for one page, which takes some 20 ms. If few of them match, the page is short but not
 * the last.
 */
const PAST_LOOKED_AT_MAX = 5000;

export interface ApprovalFilter {
  readonly state?: RequestState | undefined;
  readonly act?: Act | undefined;
  /** The page begins after this id. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

type ListPorts = Pick<ApprovalPorts, 'clock' | 'providers' | 'rows' | 'store'>;

function maySee({ by, owner }: ApprovalRequest, caller: Caller): boolean {
  if (hasRight(caller, read('Approvals'))) return true;
  return by.id === caller.id || (caller.id !== null && owner === caller.id);
}

export async function listApprovals(
  ports: ListPorts,
  caller: Caller,
  { state, act, after = '', limit = APPROVALS_PAGE_MAX }: ApprovalFilter,
): Promise<PeopleAnswer<'listApprovals'>> {
  const { reader } = ports.store;
  const wanted = (request: ApprovalRequest): boolean =>
    maySee(request, caller) &&
    (state === undefined || request.state === state) &&
    (act === undefined || request.act === act);
  const open = await openRequests(ports, reader, await momentOf(ports, reader));
  const found = open.filter((request) => request.id > after && wanted(request));
  // Open requests older than the last searched row must wait for the next page.
  let lookedTo: string | undefined;
  let looked = 0;
  let fitting = 0;
  for await (const { id, value } of ports.rows.each<ApprovalRequest>(reader, 'approval-history', after)) {
    looked += 1;
    if (wanted(value)) fitting = found.push(value);
    if (fitting < limit && looked < PAST_LOOKED_AT_MAX) continue;
    lookedTo = id;
    break;
  }
  const within = found
    .filter(({ id }) => lookedTo === undefined || id <= lookedTo)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const page = within.slice(0, limit);
  return {
    approvals: await Promise.all(page.map((request) => shown(ports, reader, caller, request))),
    next: within.length > limit ? page.at(-1)!.id : (lookedTo ?? null),
  };
}

export async function showApproval(
  ports: ListPorts,
  caller: Caller,
  id: string,
): Promise<PeopleAnswer<'showApproval'>> {
  const { reader } = ports.store;
  const request = await readRequest(ports, reader, id);
  if (maySee(request, caller)) return { approval: await shown(ports, reader, caller, request) };
  throw new KeystairError('not-found', `there is no request ${id} for approval`, {
    nextStep: step('look-at-approvals'),
  });
}

/** The answer to a call that changed a request. */
export async function answerOf(
  ports: ListPorts,
  caller: Caller,
  changed: Promise<ApprovalRequest>,
): Promise<PeopleAnswer<'showApproval'>> {
  const request = await changed;
  return { approval: await shown(ports, ports.store.reader, caller, request) };
}

async function shown(
  ports: ListPorts,
  reader: Reader,
  caller: Caller,
  request: ApprovalRequest,
): Promise<ShownApproval> {
  const barrier = request.state === 'waiting' ? await barrierFor(ports, reader, caller, request) : undefined;
  const because = barrier === undefined ? stateSentence(request) : ANSWER_BARRIERS[barrier];
  const { id, act, operation, parameters, meaning, approvers, by, reason, createdAt, expiresAt } = request;
  const { state, approvedBy, deniedBy, emergency, told = [] } = request;
  return {
    id,
    act,
    operation,
    parameters: parseJson(parameters, ROW_JSON) as Record<string, unknown>,
    keys: meaning.keys ?? null,
    upTo: meaning.upTo ?? null,
    approvers,
    by,
    reason,
    state,
    createdAt,
    expiresAt,
    approvedBy: [...approvedBy],
    deniedBy,
    emergency: emergency === null ? null : { ...emergency, acknowledgedBy: [...emergency.acknowledgedBy] },
    told: [...told],
    mayApprove: because === undefined,
    because: because ?? null,
    barrier: barrier ?? null,
  };
}

async function barrierFor(
  ports: ListPorts,
  reader: Reader,
  caller: Caller,
  request: ApprovalRequest,
): Promise<AnswerBarrier | undefined> {
  if (caller.id === null) return 'owner';
  const answerer = await personById(ports, reader, caller.id);
  return barrierToAnswer(request, answerer, await personById(ports, reader, request.by.id));
}
