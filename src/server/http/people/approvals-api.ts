/** What people may call about approvals, and what each call runs. */
import type { APPROVALS_ROUTES } from '#protocol/people/routes/approvals.ts';
import { approve, deny, withdraw } from '../../approvals/answer.ts';
import { acknowledge, approveInEmergency } from '../../approvals/emergency.ts';
import { answerOf, listApprovals, showApproval } from '../../approvals/list-approvals.ts';
import type { ApprovalPorts } from '../../approvals/ports.ts';
import { listRules, setRule } from '../../approvals/rules.ts';
import type { PeopleHandlers } from './people-handlers.ts';

export function createApprovalsApi(ports: ApprovalPorts): PeopleHandlers<keyof typeof APPROVALS_ROUTES> {
  return {
    listApprovals: (caller, request) => listApprovals(ports, caller, request),
    showApproval: (caller, { id }) => showApproval(ports, caller, id),
    approveRequest: (caller, { id }) => answerOf(ports, caller, approve(ports, caller, id)),
    denyRequest: (caller, request) => answerOf(ports, caller, deny(ports, caller, request)),
    withdrawRequest: (caller, { id }) => answerOf(ports, caller, withdraw(ports, caller, id)),
    approveInEmergency: (caller, request) =>
      answerOf(ports, caller, approveInEmergency(ports, caller, request)),
    acknowledgeEmergency: (caller, { id }) => answerOf(ports, caller, acknowledge(ports, caller, id)),
    listApprovalRules: () => listRules(ports),
    setApprovalRule: (caller, request) => setRule(ports, caller, request),
  };
}
