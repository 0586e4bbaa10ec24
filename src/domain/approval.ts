/**
 * A second pair of eyes: what a rule asks, what a request is, who may answer it, and when it may be used. The rules
 * are here and nowhere else; they are pure, so that a model can be held against them.
 *
 * Invariants: a request is bound to its exact parameters and to what they meant when it was made. It serves once. Who
 * asked never answers, by any of their accounts. One denial ends it and nothing opens it again. Where a rule stands,
 * nothing passes without an approver; every doubt refuses.
 */
import type { Act } from './act.ts';
import { type Person, type RequiredRight, write } from './right.ts';

/** How many other people have to approve. An act without a rule is not in it. */
export type ApprovalRules = Readonly<Partial<Record<Act, number>>>;

/** Nobody runs a business where more have to agree to one act; and a mistyped rule would shut the act for good. */
export const APPROVERS_MAX = 20;
/** A request waits for a working day. */
export const REQUEST_MS = 24 * 60 * 60 * 1000;
/** An approval is used by somebody who waits for it. */
export const GRANT_MS = 15 * 60 * 1000;
/** People who have to acknowledge an emergency before the server stops warning of it. */
export const ACKNOWLEDGED_BY = 2;
/** Of one person: more than anybody does at once. */
export const REQUESTS_OPEN_OF_ONE_MAX = 20;
/** Of all: so many are read at each request, and nobody answers more. */
export const REQUESTS_OPEN_MAX = 500;
/** Each receiver once for the request, and once for an emergency. */
export const TOLD_MAX = 100;
/** On one page of a list: each with parameters at their limit. */
export const APPROVALS_PAGE_MAX = 100;
/** A hundred names of devices or keys: an approver reads them. */
export const PARAMETERS_LENGTH_MAX = 16 * 1024;

/** The right of those who answer. */
const TO_APPROVE: RequiredRight = write('Approvals');

/** Somebody known by their row, as they are now. */
export interface KnownPerson {
  readonly id: string;
  readonly name: string;
  readonly rights: readonly RequiredRight[];
  /** A program, and no person. */
  readonly service: boolean;
  /** The person whose service account it is. */
  readonly ownedBy: string | null;
}

/** Null: the owner of the data directory. */
export interface Named {
  readonly id: string | null;
  readonly name: string;
}

/** What the parameters mean: compared again when the request is used. */
export interface Meaning {
  /** The ids of what they name, by field. */
  readonly ids: Readonly<Record<string, readonly string[]>>;
  /** Of an export: how many keys it covers, and the highest number among them. What comes later is not covered. */
  readonly keys?: number | undefined;
  readonly upTo?: number | undefined;
}

export interface AskedAct {
  readonly act: Act;
  /** Of the call, as the route table names it. */
  readonly operation: string;
  /** Without those that are secret. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export const REQUEST_STATES = [
  'waiting',
  'approved',
  'denied',
  'expired',
  'used',
  'withdrawn',
  'lapsed',
] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

export interface Answered extends Named {
  readonly at: string;
  readonly reason?: string | undefined;
}

export interface Emergency {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  readonly acknowledgedBy: readonly Answered[];
}

/** Over which receiver somebody was told, and why it was given up where it was. */
export interface ToldOf {
  readonly to: string;
  readonly at: string;
  readonly problem: string | null;
}

/** As it is kept. `expired` is kept only once it was found to be. */
export interface ApprovalRequest {
  readonly id: string;
  readonly act: Act;
  readonly operation: string;
  /** In their one spelling. */
  readonly parameters: string;
  readonly meaning: Meaning;
  /** Approvers that the rule asked for when it was made. */
  readonly approvers: number;
  readonly by: Named;
  /** Whose service account asked. */
  readonly owner: string | null;
  readonly reason: string | null;
  readonly createdAt: string;
  /** Of the request; once it is approved, of the approval. */
  readonly expiresAt: string;
  /** The time that was known when that was set. */
  readonly knownAt: string;
  /** Of the repository: a restored copy revives no approval. */
  readonly epoch: string;
  readonly state: RequestState;
  readonly endedAt: string | null;
  readonly approvedBy: readonly Answered[];
  readonly deniedBy: Answered | null;
  readonly emergency: Emergency | null;
  /** Who was told of it; absent while nobody was. */
  readonly told?: readonly ToldOf[] | undefined;
}

/**
 * How many have to approve. A rule is changed under the old rules: a person who could loosen one alone could then do
 * alone what it guards, so loosening asks for as many as the rule itself.
 */
export function approversNeeded(rules: ApprovalRules, { act, operation, parameters }: AskedAct): number {
  const own = rules[act] ?? 0;
  // Ending a permission gives nobody anything, and may be urgent.
  if (operation === 'allowRecovery' && parameters['off'] === true) return 0;
  if (act !== 'approvals.rules') return own;
  const { act: changed, approvers } = parameters as { readonly act: Act; readonly approvers: number };
  const old = rules[changed] ?? 0;
  return approvers < old ? Math.max(own, old) : own;
}

export function isOpen({ state }: Pick<ApprovalRequest, 'state'>): boolean {
  return state === 'waiting' || state === 'approved';
}

export function mayApprove({ rights, service }: KnownPerson): boolean {
  return !service && rights.some(({ area, right }) => area === TO_APPROVE.area && right === TO_APPROVE.right);
}

/** Whether they asked for it, themselves or by a service account of theirs, then or now. */
function asked({ by, owner }: ApprovalRequest, requester: KnownPerson | undefined, person: string): boolean {
  return by.id === person || owner === person || requester?.ownedBy === person;
}

/** What keeps somebody from answering a request that waits: by name, for surfaces with words of their own. */
export const ANSWER_BARRIERS = {
  owner: 'the owner of the data directory may approve only in an emergency',
  unknown: 'only a person who is known by name may answer it',
  service: 'a service account never answers a request',
  right: 'the right Write on "Approvals" is missing',
  own: 'nobody answers their own request',
  'of-own-service': 'the service account that asked is your own, and nobody answers their own request',
  already: 'you approved it already',
} as const;
export type AnswerBarrier = keyof typeof ANSWER_BARRIERS;

/** Of a request that waits; undefined where nothing keeps them from it. */
export function barrierToAnswer(
  request: ApprovalRequest,
  answerer: KnownPerson | undefined,
  requester: KnownPerson | undefined,
): AnswerBarrier | undefined {
  if (answerer === undefined) return 'unknown';
  if (answerer.service) return 'service';
  if (!mayApprove(answerer)) return 'right';
  if (asked(request, requester, answerer.id)) return request.by.id === answerer.id ? 'own' : 'of-own-service';
  return request.approvedBy.some(({ id }) => id === answerer.id) ? 'already' : undefined;
}

/**
 * Why somebody may not approve or deny; undefined if they may.
 *
 * @param answerer undefined for a caller without a row: the owner of the data directory, or a person who was removed.
 * @param requester as they are now, if they still are.
 */
export function whyNotAnswer(
  request: ApprovalRequest,
  answerer: KnownPerson | undefined,
  requester: KnownPerson | undefined,
): string | undefined {
  if (request.state !== 'waiting') return stateSentence(request);
  const barrier = barrierToAnswer(request, answerer, requester);
  return barrier === undefined ? undefined : ANSWER_BARRIERS[barrier];
}

/** Why somebody may not acknowledge an emergency; undefined if they may. */
export function whyNotAcknowledge(
  request: ApprovalRequest,
  person: KnownPerson | undefined,
  requester: KnownPerson | undefined,
): string | undefined {
  if (request.emergency === null) return 'it was not an emergency';
  if (person === undefined) return 'only a person who is known by name may acknowledge it';
  if (person.service) return 'a service account acknowledges nothing';
  if (!mayApprove(person)) return 'the right Write on "Approvals" is missing';
  if (asked(request, requester, person.id)) return 'nobody acknowledges their own request';
  if (request.emergency.acknowledgedBy.some(({ id }) => id === person.id))
    return 'you acknowledged it already';
  return undefined;
}

export function stateSentence({ state, deniedBy }: ApprovalRequest): string | undefined {
  switch (state) {
    case 'waiting':
      return undefined;
    case 'approved':
      return 'it is approved already';
    case 'denied':
      return deniedBy?.reason === undefined ? 'it was denied' : `it was denied: ${deniedBy.reason}`;
    case 'expired':
      return 'it has expired';
    case 'used':
      return 'it was used already, and serves once';
    case 'withdrawn':
      return 'it was withdrawn';
    case 'lapsed':
      return 'somebody who asked for it or approved it lost the right to';
  }
}

/** The answers that count now: of people who could still give them. */
export function approvalsThatCount(
  request: ApprovalRequest,
  people: ReadonlyMap<string, KnownPerson>,
  requester: KnownPerson | undefined,
): number {
  const counting = request.approvedBy.filter(({ id }) => {
    const approver = id === null ? undefined : people.get(id);
    return approver !== undefined && mayApprove(approver) && !asked(request, requester, approver.id);
  });
  return new Set(counting.map(({ id }) => id)).size;
}

export interface Use extends AskedAct {
  readonly caller: Pick<Person, 'id'>;
  readonly meaning: Meaning;
  /** Approvers that the rules ask for now. */
  readonly needed: number;
  readonly people: ReadonlyMap<string, KnownPerson>;
}

/**
 * Why an approval may not be used by this call; undefined if it may.
 *
 * @param request with the state that it has now, expiry judged.
 * @param spelled the parameters of this call in their one spelling.
 */
export function whyNotUse(request: ApprovalRequest, use: Use, spelled: string): string | undefined {
  if (request.by.id !== use.caller.id) return 'somebody else asked for it';
  if (request.act !== use.act || request.operation !== use.operation) return 'it is for another call';
  if (request.parameters !== spelled) return 'it is for other parameters';
  if (request.state === 'waiting') return 'it is not approved yet';
  if (request.state !== 'approved') return stateSentence(request);
  if (!sameIds(request.meaning, use.meaning))
    return 'what its parameters name has changed since it was asked for';
  const requester = use.caller.id === null ? undefined : use.people.get(use.caller.id);
  if (use.caller.id !== null && requester === undefined) return 'the requester is no longer known here';
  if (request.emergency !== null) return undefined;
  // At least one, even if the rule is gone by now.
  const needed = Math.max(1, request.approvers, use.needed);
  const counted = approvalsThatCount(request, use.people, requester);
  if (counted >= needed) return undefined;
  return `${needed === 1 ? 'one approval is' : `${needed} approvals are`} needed, and ${counted} of those it has count now`;
}

function sameIds(then: Meaning, now: Meaning): boolean {
  const spell = ({ ids }: Meaning): string =>
    JSON.stringify(
      Object.entries(ids)
        .map(([field, of]) => [field, of.toSorted()] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  return spell(then) === spell(now);
}
