/** Requests for approval as a person reads them: who wants what, exactly, and how it stands. */
import type { ShownApproval } from '#protocol/people/routes/approvals.ts';
import {
  type Line,
  ok,
  problem,
  stateColumns,
  stateLine,
  stateTable,
  type StateWord,
  warning,
} from './state-words.ts';
import { count, when } from './words.ts';

const STATE: Readonly<Record<ShownApproval['state'], (word: string) => StateWord | string>> = {
  waiting: warning,
  approved: ok,
  denied: problem,
  expired: (word) => word,
  used: (word) => word,
  withdrawn: (word) => word,
  lapsed: (word) => word,
};

function stateOf({ state, emergency }: ShownApproval): StateWord | string {
  return emergency === null ? STATE[state](state) : problem(`${state}, by EMERGENCY`);
}

export function approvalTable(approvals: Iterable<ShownApproval>): Line[] {
  return stateTable(
    ['Id', 'Act', 'By', 'State', 'Until', 'Reason'],
    [...approvals].map((one) => [
      one.id,
      one.act,
      one.by.name,
      stateOf(one),
      when(one.expiresAt),
      one.reason ?? '',
    ]),
  );
}

export function approvalLines(one: ShownApproval): Line[] {
  const { approvedBy, deniedBy, emergency } = one;
  return [
    ...stateColumns([
      ['Request', one.id],
      ['Act', `${one.act} (${one.operation})`],
      ['Asked by', one.by.id === null ? one.by.name : `${one.by.name} (${one.by.id})`],
      ['Reason', one.reason ?? 'none was given'],
      ['State', stateOf(one)],
      [one.state === 'approved' ? 'May be used until' : 'Until', when(one.expiresAt)],
      ['Asked for', count(one.approvers, 'approver')],
      ...(one.keys === null ? [] : [['Covers', `${count(one.keys, 'key')}, none above number ${one.upTo}`]]),
      ...approvedBy.map(({ name, at }) => ['Approved by', `${name}, ${when(at)}`]),
      ...(deniedBy === null
        ? []
        : [['Denied by', `${deniedBy.name}, ${when(deniedBy.at)}${reasonOf(deniedBy.reason)}`]]),
    ]),
    ...(one.told.length === 0 ? [] : ['', 'Told', ...one.told.map(toldLine)]),
    ...parameterLines(one.parameters),
    ...(emergency === null ? [] : emergencyLines(emergency)),
    ...(one.state === 'waiting'
      ? ['', one.mayApprove ? 'You may answer it.' : `You cannot answer it, because ${one.because}.`]
      : []),
  ];
}

function parameterLines(parameters: ShownApproval['parameters']): string[] {
  const fields = Object.entries(parameters);
  if (fields.length === 0) return [];
  return ['', 'Exactly', ...fields.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)];
}

function emergencyLines({ by, reason, at, acknowledgedBy }: NonNullable<ShownApproval['emergency']>): Line[] {
  return [
    '',
    stateLine(problem(`EMERGENCY: approved alone by ${by}, ${when(at)}: ${reason}`)),
    acknowledgedBy.length === 0
      ? 'Nobody has acknowledged it yet.'
      : `Acknowledged by ${acknowledgedBy.map(({ name }) => name).join(', ')}.`,
  ];
}

function toldLine({ to, at, problem }: ShownApproval['told'][number]): string {
  return `  ${to}, ${when(at)}${problem === null ? '' : `: given up, ${problem}`}`;
}

function reasonOf(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}
