/**
 * What each machine call costs its caller: from which share of its budget, and how many calls it counts as. A call that
 * reads or writes more than one row counts as more than one, so the budget bounds audit rows and work too.
 *
 * Invariant: every route of the table has a cost. What counts as one call writes at most two audit rows: the request,
 * and a key that came down for it.
 */
import { DEVICE_PAGE_MAX } from '#domain/limits.ts';
import type { MachineRouteName } from '#protocol/machine-routes.ts';
import type { Share } from '../../members/member-budgets.ts';

/** A page of ids is read from thousands of rows, or a page of keys is opened. */
const RECOVERY_PAGE_CALLS = 10;

export interface CallCost {
  readonly share: Share;
  readonly calls: number;
}

/**
 * - `at-its-batch`: counted where the batch is judged, by what it holds; if the batch is deferred, the answer says so.
 * - `no-member`: its caller is not a member yet. An invitation admits one key pair, with one audit row, and refusals
 *   are counted together.
 */
export const CALL_COSTS: Readonly<Record<MachineRouteName, CallCost | 'at-its-batch' | 'no-member'>> = {
  join: 'no-member',

  heartbeat: { share: 'heartbeat', calls: 1 },
  deviceHeartbeat: { share: 'heartbeat', calls: 1 },

  renew: { share: 'membership', calls: 1 },
  leave: { share: 'membership', calls: 1 },
  arrived: { share: 'membership', calls: 1 },
  moved: { share: 'membership', calls: 1 },

  transmit: 'at-its-batch',
  // Its record and bytes are counted in addition, once they are known.
  record: { share: 'custody', calls: 1 },
  missingReceipts: { share: 'custody', calls: 1 },
  returnReceipts: { share: 'custody', calls: 1 },

  lookup: { share: 'questions', calls: 1 },
  explain: { share: 'questions', calls: 1 },
  recoverable: { share: 'questions', calls: RECOVERY_PAGE_CALLS },
  recover: { share: 'questions', calls: RECOVERY_PAGE_CALLS },
  deviceLookup: { share: 'questions', calls: 1 },
  unwrap: { share: 'questions', calls: 1 },
  // Each key of the page is looked up and has its own audit row.
  arrive: { share: 'questions', calls: DEVICE_PAGE_MAX },
};
