/**
 * What each member may do in an hour, in four shares.
 *
 * Invariant: no share takes from another. A member that asks for keys without end still hands over its own and keeps
 * its heartbeat, and one that sends heartbeats without end still renews its certificate.
 */
import { KeystairError } from '#domain/errors.ts';
import {
  DEVICE_BYTES_AN_HOUR_DEFAULT,
  DEVICE_CALLS_AN_HOUR_DEFAULT,
  DEVICE_RECORDS_AN_HOUR_DEFAULT,
  HEARTBEATS_AN_HOUR_DEFAULT,
  MEMBERSHIP_CALLS_AN_HOUR,
  SECONDARY_BYTES_AN_HOUR_DEFAULT,
  SECONDARY_CALLS_AN_HOUR_DEFAULT,
  SECONDARY_RECORDS_AN_HOUR_DEFAULT,
} from '#domain/limits.ts';
import type { Member, MemberKind } from '#domain/member.ts';
import type { Clock } from '../environment/environment.ts';
import { type Amount, Budget } from './budget.ts';

/** What one member may do in an hour, as the configuration says. */
export interface Budgets {
  readonly heartbeatsAnHour: number;
  readonly deviceCallsAnHour: number;
  readonly deviceRecordsAnHour: number;
  readonly deviceBytesAnHour: number;
  readonly secondaryCallsAnHour: number;
  readonly secondaryRecordsAnHour: number;
  readonly secondaryBytesAnHour: number;
}

export const BUDGETS_DEFAULT: Budgets = {
  heartbeatsAnHour: HEARTBEATS_AN_HOUR_DEFAULT,
  deviceCallsAnHour: DEVICE_CALLS_AN_HOUR_DEFAULT,
  deviceRecordsAnHour: DEVICE_RECORDS_AN_HOUR_DEFAULT,
  deviceBytesAnHour: DEVICE_BYTES_AN_HOUR_DEFAULT,
  secondaryCallsAnHour: SECONDARY_CALLS_AN_HOUR_DEFAULT,
  secondaryRecordsAnHour: SECONDARY_RECORDS_AN_HOUR_DEFAULT,
  secondaryBytesAnHour: SECONDARY_BYTES_AN_HOUR_DEFAULT,
};

/**
 * - `heartbeat`: reporting its presence.
 * - `membership`: renewing, leaving, moving.
 * - `custody`: bringing keys, by calls, records and bytes.
 * - `questions`: asking for keys.
 */
export type Share = 'heartbeat' | 'membership' | 'custody' | 'questions';

export type MemberBudgets = Readonly<Record<MemberKind, Readonly<Record<Share, Budget>>>>;

export function createMemberBudgets(budgets: Budgets, clock: Clock): MemberBudgets {
  const shares = (calls: number, records: number, bytes: number): Record<Share, Budget> => ({
    heartbeat: new Budget({ calls: budgets.heartbeatsAnHour }, clock),
    membership: new Budget({ calls: MEMBERSHIP_CALLS_AN_HOUR }, clock),
    custody: new Budget({ calls, records, bytes }, clock),
    questions: new Budget({ calls }, clock),
  });
  return {
    device: shares(budgets.deviceCallsAnHour, budgets.deviceRecordsAnHour, budgets.deviceBytesAnHour),
    secondary: shares(
      budgets.secondaryCallsAnHour,
      budgets.secondaryRecordsAnHour,
      budgets.secondaryBytesAnHour,
    ),
  };
}

/** Charges the member's budget. Throws `later`, with the wait, if it does not fit. */
export function chargeMember(
  budgets: MemberBudgets,
  { kind, id }: Pick<Member, 'kind' | 'id'>,
  share: Share,
  amount: Amount,
): void {
  const budget = budgets[kind][share];
  if (budget.take(id, amount)) return;
  const waitMs = budget.msUntil(id, amount);
  const what = amount.records === undefined ? 'made more calls' : 'handed over more keys';
  throw new KeystairError('later', `this ${kind} has ${what} in an hour than its budget allows`, {
    nextStep: `try again in ${Math.ceil(waitMs / 1000)} s; find out what makes so many`,
    details: { waitMs },
  });
}
