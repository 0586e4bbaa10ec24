/**
 * A heartbeat's word with the server: the policy that the device has, and what is so with its drives. One round trip,
 * unless there is something new at either end.
 */
import type { DriveHere } from '#protocol/agent-program.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { AnswerOf, RequestOf } from '#protocol/machine-routes.ts';
import type { AgentPorts } from '../ports.ts';
import { checkDrives } from '../proofs/check-drives.ts';
import { digestOf, reportOf } from '../proofs/drive-report.ts';
import { keepPolicy, readPolicy } from './kept-policy.ts';

export type Who = Pick<RequestOf<'deviceHeartbeat'>, 'name' | 'receipts'>;

export interface ToldDrives {
  readonly answer: AnswerOf<'deviceHeartbeat'>;
  readonly drives: readonly DriveHere[];
}

export async function tellDrives(
  ports: AgentPorts,
  calls: MachineCalls,
  who: Who,
  stop: AbortSignal,
): Promise<ToldDrives> {
  const { state } = ports;
  const look = async () => {
    const seen = await checkDrives(ports, calls, { stop });
    return { drives: seen.drives, report: reportOf(seen, readPolicy(state).notKnown) };
  };
  let { drives, report } = await look();
  const digest = digestOf(report);
  const heard = await calls.call('deviceHeartbeat', {
    ...who,
    policy: readPolicy(state).held,
    drives: { digest },
  });
  if (heard.policy === undefined && heard.wantDrives !== true) return { answer: heard, drives };
  if (heard.policy !== undefined) {
    keepPolicy(state, heard.policy);
    // What is so by the new policy is told at once.
    ({ drives, report } = await look());
  }
  const told = { digest: digestOf(report), report };
  const answer = await calls.call('deviceHeartbeat', {
    ...who,
    policy: readPolicy(state).held,
    drives: told,
  });
  return { answer, drives };
}
