/**
 * Ends the requests that rest on a right which somebody lost, in the transaction that takes it. What is judged again at
 * the use would count once more if the right came back in time.
 *
 * Invariant: a request stays open only while whoever asked has every right that the call needs, and everybody who
 * approved may still approve.
 */
import { approvalsThatCount, type ApprovalRequest, isOpen, type KnownPerson } from '#domain/approval.ts';
import { parseJson } from '#domain/bounded-json.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { hasRight } from '#domain/right.ts';
import { rightsNeeded } from '#protocol/people/people-route.ts';
import { PEOPLE_ROUTES, type PeopleRouteName } from '#protocol/people/people-routes.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { ended, momentOf, openRequests, putRequest } from './approval-rows.ts';
import { personById } from './known-by-row.ts';
import type { ApprovalPorts } from './ports.ts';

type LapsePorts = Pick<ApprovalPorts, 'audit' | 'clock' | 'providers' | 'rows'>;

/** @param person who was reset, or whose rights are limited to fewer groups: all that they asked or approved ends. */
export async function endLapsed(ports: LapsePorts, transaction: Transaction, person?: string): Promise<void> {
  const requests = await openRequests(ports, transaction, await momentOf(ports, transaction));
  for (const request of requests.filter(isOpen)) {
    if (!playsPart(request, person) && (await stands(ports, transaction, request))) continue;
    const { id: approval, act } = request;
    await putRequest(ports, transaction, ended(request, 'lapsed', ports.clock()));
    await ports.audit.append(transaction, [{ event: 'approval-lapsed', by: 'server', approval, act }]);
  }
}

/** At the start: a provider may have been taken out of the configuration. */
export async function endLapsedAtStart(ports: LapsePorts & Pick<ApprovalPorts, 'store'>): Promise<void> {
  if ((await ports.store.reader.rows('approval')).length === 0) return;
  await ports.store.write((transaction) => endLapsed(ports, transaction));
}

function playsPart({ by, approvedBy }: ApprovalRequest, person: string | undefined): boolean {
  return person !== undefined && (by.id === person || approvedBy.some(({ id }) => id === person));
}

async function stands(ports: LapsePorts, reader: Reader, request: ApprovalRequest): Promise<boolean> {
  const { by, operation, parameters, approvedBy } = request;
  const requester = await personById(ports, reader, by.id);
  if (by.id !== null) {
    const fields = parseJson(parameters, ROW_JSON) as object;
    const needed = rightsNeeded(PEOPLE_ROUTES[operation as PeopleRouteName], fields);
    if (requester === undefined || !needed.every((right) => hasRight(requester, right))) return false;
  }
  const people = new Map<string, KnownPerson>();
  for (const { id } of approvedBy) {
    const person = await personById(ports, reader, id);
    if (person !== undefined) people.set(person.id, person);
  }
  return approvalsThatCount(request, people, requester) === approvedBy.length;
}
