/** `keystair approvals …`: requests for the approval of other people, their answers, and the rules. */
import { ACTS } from '#domain/act.ts';
import { APPROVALS_PAGE_MAX, APPROVERS_MAX, REQUEST_STATES } from '#domain/approval.ts';
import { REASON_LENGTH_MAX } from '#domain/limits.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import type { ShownApproval } from '#protocol/people/routes/approvals.ts';
import { approvalLines, approvalTable } from '../approval-lines.ts';
import { command, type Noun, type Outcome } from '../command.ts';
import { choice, flag, number, remark } from '../options.ts';
import { PackedList, pages } from '../packed-list.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { ADDRESSED_SERVER, ASKED_SERVER, count } from '../words.ts';

const ONE = {
  approval: { placeholder: 'A', help: 'id of the request, as keystair approvals list shows it' },
};
const EXAMPLE = 'fe6a2b3c-4d5e-8f60-8a1b-2c3d4e5f6071 --data /var/lib/keystair';

const list = command({
  summary: 'list the requests for approval, the newest first',
  positionals: {},
  options: {
    ...ADDRESSED_SERVER,
    state: choice(REQUEST_STATES, 'only those in this state'),
    act: choice(ACTS, 'only those for this act'),
  },
  example: '--state waiting --data /var/lib/keystair',
  run: async (context, _values, { data, state, act }) => {
    const client = await context.connect(data);
    const filter = {
      ...(state === undefined ? {} : { state }),
      ...(act === undefined ? {} : { act }),
      limit: APPROVALS_PAGE_MAX,
    };
    const approvals = new PackedList<ShownApproval>();
    for await (const page of pages<PeopleAnswer<'listApprovals'>>((behind) =>
      client('listApprovals', { ...filter, ...behind }),
    )) {
      approvals.push(page.approvals);
    }
    return {
      document: { approvals },
      lines: approvals.length === 0 ? ['No requests.'] : approvalTable(approvals),
    };
  },
});

const show = command({
  summary: 'show one request, exactly as it would be done, and whether you may answer it',
  positionals: ONE,
  options: ADDRESSED_SERVER,
  example: EXAMPLE,
  run: async (context, { approval }, { data }) =>
    shown(await (await context.connect(data))('showApproval', { id: approval })),
});

const approve = command({
  summary: "approve somebody else's request; the owner of the data directory only with --emergency",
  positionals: ONE,
  options: {
    ...ADDRESSED_SERVER,
    emergency: flag(
      'approve alone, as the owner of the data directory; everybody is told, and the request shows it for ever',
    ),
    reason: remark('TEXT', 'with --emergency: why it cannot wait for anybody else', REASON_LENGTH_MAX),
  },
  example: EXAMPLE,
  check: (_values, { emergency, reason }) => {
    if (emergency && reason === undefined)
      throw new UsageError('--reason TEXT is missing: an emergency says why');
    if (!emergency && reason !== undefined) throw new UsageError('--reason goes with --emergency only');
  },
  run: async (context, { approval: id }, { data, emergency, reason }) => {
    const client = await context.connect(data);
    const answer =
      emergency && reason !== undefined
        ? await client('approveInEmergency', { id, reason })
        : await client('approveRequest', { id });
    const { approval } = answer;
    const more = approval.approvers - approval.approvedBy.length;
    return {
      ...shown(answer),
      messages: [
        approval.state === 'approved'
          ? `${approval.by.name} may do it once, until ${approval.expiresAt}.`
          : `${count(more, 'more approval')} needed.`,
        ...(emergency ? ['Two people must acknowledge it: keystair approvals acknowledge.'] : []),
      ],
    };
  },
});

const deny = command({
  summary: "deny somebody else's request, which ends it",
  positionals: ONE,
  options: { ...ADDRESSED_SERVER, reason: remark('TEXT', 'why, for the requester', REASON_LENGTH_MAX) },
  example: EXAMPLE,
  run: async (context, { approval: id }, { data, reason }) =>
    shown(
      await (await context.connect(data))('denyRequest', { id, ...(reason === undefined ? {} : { reason }) }),
    ),
});

const withdraw = command({
  summary: 'withdraw a request of your own',
  positionals: ONE,
  options: ADDRESSED_SERVER,
  example: EXAMPLE,
  run: async (context, { approval: id }, { data }) =>
    shown(await (await context.connect(data))('withdrawRequest', { id })),
});

const acknowledge = command({
  summary: 'say that you know why an emergency was made; the second acknowledgement ends the warning',
  positionals: ONE,
  options: ADDRESSED_SERVER,
  example: EXAMPLE,
  run: async (context, { approval: id }, { data }) =>
    shown(await (await context.connect(data))('acknowledgeEmergency', { id })),
});

const rules = command({
  summary: 'show which acts need approval, and by how many people; or change that',
  positionals: {
    set: { placeholder: 'set', help: 'to change a rule', optional: true },
    act: { placeholder: 'ACT', help: ACTS.join(', '), optional: true },
  },
  options: {
    ...ASKED_SERVER,
    approvers: number('K', 'how many other people must approve; 0 ends the rule', {
      min: 0,
      max: APPROVERS_MAX,
    }),
  },
  example: 'set keys.export --approvers 2 --data /var/lib/keystair',
  check: ({ set, act }, { approvers }) => {
    if (set === undefined) {
      if (approvers !== undefined) throw new UsageError('to change a rule: rules set ACT --approvers K');
      return;
    }
    if (set !== 'set') throw new UsageError(`behind rules only 'set' can stand, not '${set}'`);
    if (!ACTS.some((one) => one === act)) throw new UsageError(`ACT is one of ${ACTS.join(', ')}`);
    if (approvers === undefined) throw new UsageError('--approvers K is missing');
  },
  run: async (context, { act }, { data, approvers }) => {
    const client = await context.connect(data);
    const one = ACTS.find((known) => known === act);
    const document =
      one === undefined || approvers === undefined
        ? await client('listApprovalRules', {})
        : await client('setApprovalRule', { act: one, approvers });
    return {
      document,
      lines:
        document.rules.length === 0
          ? ['No act needs the approval of others.']
          : columns(document.rules.map((rule) => [rule.act, count(rule.approvers, 'approver')])),
    };
  },
});

function shown(document: PeopleAnswer<'showApproval'>): Outcome {
  return { document, lines: approvalLines(document.approval) };
}

export const approvalsCommands: Noun = {
  summary: 'acts that wait for the approval of other people',
  verbs: { list, show, approve, deny, withdraw, acknowledge, rules },
};
