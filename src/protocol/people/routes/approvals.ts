/** The calls about approvals: the requests, their answers, and the rules that ask for them. */
import { z } from 'zod';
import { ACTS } from '#domain/act.ts';
import {
  ANSWER_BARRIERS,
  type AnswerBarrier,
  APPROVALS_PAGE_MAX,
  APPROVERS_MAX,
  REQUEST_STATES,
  TOLD_MAX,
} from '#domain/approval.ts';
import { NAME_LENGTH_MAX, REASON_LENGTH_MAX } from '#domain/limits.ts';
import { read, write } from '#domain/right.ts';
import { Uuid } from '../../fields.ts';
import { list, remark, STOPS, text, whole } from '../../forms.ts';
import { Empty, Field, Sentence } from '../people-fields.ts';
import { row } from '../people-route.ts';

const APPROVALS = 'Approvals';
const EXAMPLE = 'fe6a2b3c-4d5e-8f60-8a1b-2c3d4e5f6071';

const ActForm = z.enum(ACTS);
const Reason = text(REASON_LENGTH_MAX);
/** Null for the owner of the data directory. */
const Somebody = z.object({ id: Uuid.nullable(), name: Field });
const AnsweredForm = Somebody.extend({ at: Field, reason: Reason.optional() });
/** The call's parameters without secrets; their text is bounded before they are stored. */
export const Parameters = z.record(text(NAME_LENGTH_MAX), z.unknown());

const ShownApproval = z.object({
  id: Uuid,
  act: ActForm,
  /** The call that it is for. */
  operation: Field,
  parameters: Parameters,
  /** For an export: how many keys it covers, and their highest number; null for any other act. */
  keys: z.number().nullable(),
  upTo: z.number().nullable(),
  /** How many people must approve. */
  approvers: z.number(),
  by: Somebody,
  reason: Reason.nullable(),
  state: z.enum(REQUEST_STATES),
  createdAt: Field,
  /** When the request expires or, once approved, the approval. */
  expiresAt: Field,
  approvedBy: list(AnsweredForm, APPROVERS_MAX),
  deniedBy: AnsweredForm.nullable(),
  /** The owner of the data directory approved it alone. */
  emergency: z
    .object({ by: Field, reason: Reason, at: Field, acknowledgedBy: list(AnsweredForm, APPROVERS_MAX) })
    .nullable(),
  /** The receivers that were told of it, and why telling one was given up. */
  told: list(z.object({ to: Field, at: Field, problem: Sentence.nullable() }), TOLD_MAX),
  /** Whether the caller may answer it, and if not, why. */
  mayApprove: z.boolean(),
  because: Sentence.nullable(),
  /** The same by name where the request waits; null where it does not, or they may. */
  barrier: z.enum(Object.keys(ANSWER_BARRIERS) as AnswerBarrier[]).nullable(),
});
export type ShownApproval = z.infer<typeof ShownApproval>;

const OneApproval = z.object({ approval: ShownApproval });
const Rules = z.object({
  rules: list(z.object({ act: ActForm, approvers: whole(1, APPROVERS_MAX) }), ACTS.length),
});

export const APPROVALS_ROUTES = {
  /** Without Approvals Read, lists only the caller's own. */
  listApprovals: row({
    method: 'GET',
    path: '/approvals',
    summary:
      'Lists the requests for approval, the newest first, page by page; with Approvals Read those of others too.',
    rights: 'signed-in',
    request: z.object({
      state: z.enum(REQUEST_STATES).optional(),
      act: ActForm.optional(),
      after: Uuid.optional(),
      limit: z.coerce.number().int(STOPS).min(1, STOPS).max(APPROVALS_PAGE_MAX, STOPS).optional(),
    }),
    /** `next` is the `after` of the following page. */
    answer: z.object({ approvals: list(ShownApproval, APPROVALS_PAGE_MAX), next: Uuid.nullable() }),
    example: { state: 'waiting' },
  }),
  showApproval: row({
    method: 'GET',
    path: '/approvals/{id}',
    summary: 'Shows one request for approval, and whether the caller may answer it.',
    rights: 'signed-in',
    request: z.object({ id: Uuid }),
    answer: OneApproval,
    example: { id: EXAMPLE },
  }),
  approveRequest: row({
    method: 'POST',
    path: '/approvals/{id}/approve',
    summary: 'Approves another person’s request.',
    rights: [write(APPROVALS)],
    fresh: true,
    request: z.object({ id: Uuid }),
    answer: OneApproval,
    example: { id: EXAMPLE },
  }),
  denyRequest: row({
    method: 'POST',
    path: '/approvals/{id}/deny',
    summary: 'Denies another person’s request, which ends it.',
    rights: [write(APPROVALS)],
    fresh: true,
    request: z.object({ id: Uuid, reason: remark(REASON_LENGTH_MAX).optional() }),
    answer: OneApproval,
    example: { id: EXAMPLE, reason: 'the ticket is closed' },
  }),
  withdrawRequest: row({
    method: 'POST',
    path: '/approvals/{id}/withdraw',
    summary: "Withdraws the caller's own request, approved or not.",
    rights: 'signed-in',
    request: z.object({ id: Uuid }),
    answer: OneApproval,
    example: { id: EXAMPLE },
  }),
  /** For the owner of the data directory alone. */
  approveInEmergency: row({
    method: 'POST',
    path: '/approvals/{id}/emergency',
    summary:
      'Approves a request alone, as the owner of the data directory: everybody is told, and the request shows it for ever.',
    rights: [write(APPROVALS)],
    fresh: true,
    request: z.object({ id: Uuid, reason: remark(REASON_LENGTH_MAX) }),
    answer: OneApproval,
    example: { id: EXAMPLE, reason: 'nobody else can be reached, and the drive must open' },
  }),
  acknowledgeEmergency: row({
    method: 'POST',
    path: '/approvals/{id}/acknowledge',
    summary:
      'Says that the caller knows why an emergency was made; the second acknowledgement ends the warning.',
    rights: [write(APPROVALS)],
    request: z.object({ id: Uuid }),
    answer: OneApproval,
    example: { id: EXAMPLE },
  }),
  listApprovalRules: row({
    method: 'GET',
    path: '/approval-rules',
    summary: 'Lists the acts that need approval, and by how many other people.',
    rights: [read(APPROVALS)],
    request: Empty,
    answer: Rules,
    example: {},
  }),
  setApprovalRule: row({
    method: 'PUT',
    path: '/approval-rules',
    summary: 'Sets how many other people must approve an act; 0 ends the rule.',
    rights: [write('People')],
    fresh: true,
    act: 'approvals.rules',
    request: z.object({ act: ActForm, approvers: whole(0, APPROVERS_MAX) }),
    answer: Rules,
    example: { act: 'keys.export', approvers: 2 },
  }),
} as const;
