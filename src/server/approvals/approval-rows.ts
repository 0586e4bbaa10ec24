/**
 * The rows of requests: open ones, which are few and read all at once, and ended ones, which stay for ever.
 *
 * Invariants: a request is in one of the two places. An ended request is written again only to note who was told, and
 * who acknowledged an emergency. A request whose id is among the ended ones never counts as open, even if somebody put
 * its open row back.
 */
import { type ApprovalRequest, isOpen, type RequestState, TOLD_MAX } from '#domain/approval.ts';
import { KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { Reader, Transaction } from '#store/transaction.ts';
import { type Clock, isoTime, type Random, uuidFrom } from '../environment/environment.ts';
import { hasExpired, latestTime } from '../repository/known-time.ts';
import type { ServerPorts } from '../repository/ports.ts';
import { readEpoch } from '../repository/settings.ts';

export type RowPorts = Pick<ServerPorts, 'clock' | 'rows'>;

/** A UUID with a time holds 48 bits of milliseconds. */
const TIME_SPAN = 2 ** 48;
const TIME_DIGITS = 12;

/** A UUID that sorts the newest first: stores read rows by ascending id, and people want the newest first. */
export function newestFirstId(clock: Clock, random: Random): string {
  const left = (TIME_SPAN - 1 - clock()).toString(16).padStart(TIME_DIGITS, '0');
  return `${left.slice(0, 8)}-${left.slice(8)}-8${uuidFrom(random).slice(15)}`;
}

/** What the state of a request depends on. */
export interface Moment {
  readonly now: number;
  readonly latest: number;
  readonly epoch: string;
}

export async function momentOf(ports: RowPorts, reader: Reader): Promise<Moment> {
  const epoch = await readEpoch(ports.rows, reader);
  return { now: ports.clock(), latest: await latestTime(ports, reader), epoch: epoch?.epoch ?? '' };
}

/** The request with its state at that moment. */
function asItIs(request: ApprovalRequest, { now, latest, epoch }: Moment): ApprovalRequest {
  const over = isOpen(request) && (request.epoch !== epoch || hasExpired(request, now, latest));
  return over ? { ...request, state: 'expired' } : request;
}

/** Every request among the open rows, the newest first. Some may have expired. */
export async function openRequests(
  ports: RowPorts,
  reader: Reader,
  moment: Moment,
): Promise<readonly ApprovalRequest[]> {
  const rows = await ports.rows.all<ApprovalRequest>(reader, 'approval');
  return rows.map(({ value }) => asItIs(value, moment));
}

/** Throws `not-found`. */
export async function readRequest(ports: RowPorts, reader: Reader, id: string): Promise<ApprovalRequest> {
  const ended = await ports.rows.get<ApprovalRequest>(reader, 'approval-history', id);
  if (ended !== undefined) return ended;
  const open = await ports.rows.get<ApprovalRequest>(reader, 'approval', id);
  if (open !== undefined) return asItIs(open, await momentOf(ports, reader));
  throw new KeystairError('not-found', `there is no request ${id} for approval`, {
    nextStep: step('look-at-approvals'),
  });
}

/** Writes the request to the place that fits its state. */
export async function putRequest(
  ports: RowPorts,
  transaction: Transaction,
  request: ApprovalRequest,
): Promise<void> {
  if (isOpen(request)) return ports.rows.put(transaction, 'approval', request.id, request);
  await transaction.deleteRow('approval', request.id);
  await ports.rows.put(transaction, 'approval-history', request.id, request);
}

export function ended(request: ApprovalRequest, state: RequestState, now: number): ApprovalRequest {
  return { ...request, state, endedAt: isoTime(now) };
}

/** Moves expired requests to the ended ones. */
export async function sweepExpired(
  ports: RowPorts,
  transaction: Transaction,
  requests: readonly ApprovalRequest[],
): Promise<void> {
  for (const request of requests) {
    if (request.state === 'expired')
      await putRequest(ports, transaction, ended(request, 'expired', ports.clock()));
  }
}

/** Notes in a request who was told of it, whether it is still open or not. */
export async function noteTold(
  { rows }: Pick<RowPorts, 'rows'>,
  transaction: Transaction,
  id: string,
  { to, at, problem }: { readonly to: string; readonly at: number; readonly problem: string | null },
): Promise<void> {
  for (const kind of ['approval-history', 'approval'] as const) {
    const request = await rows.get<ApprovalRequest>(transaction, kind, id);
    if (request === undefined) continue;
    const told = [...(request.told ?? []), { to, at: isoTime(at), problem }].slice(-TOLD_MAX);
    return rows.put(transaction, kind, id, { ...request, told } satisfies ApprovalRequest);
  }
}
