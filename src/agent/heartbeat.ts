/**
 * The agent's heartbeat: hands over pending keys, notifies servers of a move, and returns receipts to a server that
 * lost keys.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import { DEVICE_PAGE_MAX } from '#domain/limits.ts';
import type { ServerName } from '#domain/server-name.ts';
import { addToTotals, NO_RECEIPTS } from '#domain/receipt.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { handOverPending } from './custody.ts';
import { rotateByPolicy } from './policy/rotate-by-policy.ts';
import { tellDrives, type Who } from './policy/tell-drives.ts';
import type { AgentPorts } from './ports.ts';
import { withMembership, withServer } from './server-connection.ts';

export interface Heard {
  readonly server: ServerName;
  /** Receipts returned. */
  readonly returned: number;
}

/** Keeps a failure as the last problem, whichever command asked for the heartbeat. */
export async function heartbeat(
  ports: AgentPorts,
  stop: AbortSignal = new AbortController().signal,
): Promise<Heard> {
  try {
    return await sendHeartbeat(ports, stop);
  } catch (error) {
    noteProblem(ports, problemWords(error));
    throw error;
  }
}

export function problemWords(error: unknown): string {
  return error instanceof KeystairError ? error.sentence : 'an internal failure';
}

/** For `agent status`. A state that cannot be written is no further failure: the caller gets that of the heartbeat. */
function noteProblem({ state }: AgentPorts, because: string): void {
  try {
    state.set('last-problem', because);
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
  }
}

async function sendHeartbeat(ports: AgentPorts, stop: AbortSignal): Promise<Heard> {
  await tellServers(ports).catch(() => undefined);
  return withServer(ports, async (calls) => {
    const membership = ports.state.requireMembership();
    const refusal = await handOverPending(ports, calls);
    let { answer, drives } = await tellDrives(ports, calls, whoAmI(ports), stop);
    if ((await rotateByPolicy(ports, drives, answer.rotate ?? [], stop)) > 0)
      ({ answer, drives } = await tellDrives(ports, calls, whoAmI(ports), stop));
    const returned =
      answer.receipts === 'differ' ? await returnReceipts(ports, calls, membership.server.id) : 0;
    ports.state.transaction(() => {
      const present = ports.state.get('membership');
      if (present?.server.id === membership.server.id) {
        const addresses = answer.addresses.length > 0 ? answer.addresses : present.addresses;
        ports.state.set('membership', { ...present, server: answer.server, addresses });
      }
      ports.state.set('last-heartbeat', new Date(ports.clock()).toISOString());
      ports.state.set('last-problem', refusal?.sentence ?? null);
    });
    return { server: answer.server, returned };
  });
}

function whoAmI({ state }: AgentPorts): Who {
  const { server } = state.requireMembership();
  const { count, digest } = addToTotals(NO_RECEIPTS, state.receiptIds(server.id));
  const receipts = { count, digest: Buffer.from(digest).toString('hex') };
  return { name: state.requireDevice().name, receipts };
}

/** Page by page: asks which of these receipts the server does not know, and sends those. */
async function returnReceipts(ports: AgentPorts, calls: MachineCalls, serverId: string): Promise<number> {
  const ids = ports.state.receiptIds(serverId);
  let returned = 0;
  for (let at = 0; at < ids.length; at += DEVICE_PAGE_MAX) {
    const { missing } = await calls.call('missingReceipts', { ids: ids.slice(at, at + DEVICE_PAGE_MAX) });
    const receipts = missing.flatMap((id) => {
      const receipt = ports.state.receipt(serverId, id);
      return receipt === undefined ? [] : [{ id, receipt }];
    });
    if (receipts.length === 0) continue;
    returned += (await calls.call('returnReceipts', { receipts })).recorded;
  }
  return returned;
}

/**
 * After a change of server: notifies the new one that the device has moved over, and the old one that it has left. If
 * another command changed something meanwhile, that notice is still to come.
 */
async function tellServers(ports: AgentPorts): Promise<void> {
  if (ports.state.get('tell-arrived') === true) {
    const { server } = ports.state.requireMembership();
    await withServer(ports, (calls) => calls.call('arrived', {}));
    ports.state.transaction(() => {
      if (ports.state.requireMembership().server.id === server.id) ports.state.unset('tell-arrived');
    });
  }
  const left = ports.state.get('left-server');
  if (left === undefined) return;
  try {
    await withMembership(ports, left.membership, (calls) => calls.call('moved', { server: left.to }));
  } catch (error) {
    // The device was removed there, or the server already knows: nothing is left to do.
    if (codeOf(error) !== 'not-a-member') throw error;
  }
  ports.state.transaction(() => {
    if (ports.state.get('left-server')?.membership.server.id === left.membership.server.id)
      ports.state.unset('left-server');
  });
}
