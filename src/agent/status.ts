/** What the agent knows, shown to a person at the device. */
import { statfsSync } from 'node:fs';
import type { AgentStatusReport } from '#protocol/agent-program.ts';
import { readPolicy } from './policy/kept-policy.ts';
import type { AgentPorts } from './ports.ts';
import { notKnownWords } from './proofs/drive-report.ts';

/** File systems that a restart empties: agent state there is lost with the power. */
const TMPFS_MAGIC = 0x01021994;

export function agentStatus(ports: AgentPorts): AgentStatusReport {
  const { state } = ports;
  const { id, name } = state.requireDevice();
  const membership = state.requireMembership();
  const keys = state.keys();
  const altered = keys.filter((key) => key.altered).length;
  const count = (custody: string) => keys.filter((key) => key.custody === custody).length;
  const arriving = state.get('arriving');
  const left = state.get('left-server');
  const problem = state.get('last-problem') ?? null;
  const policy = readPolicy(state);
  const notKnown = notKnownWords(policy.notKnown);
  return {
    device: { id, name },
    server: membership.server,
    addresses: membership.addresses,
    lastHeartbeatAt: state.get('last-heartbeat') ?? null,
    problem,
    rows: [
      [
        'Keys made here',
        `${count('made')}, ${state.receiptIds(membership.server.id).length} of them with a receipt from ${membership.server.name}`,
      ],
      ['Keys opened here', String(count('opened'))],
      ...(policy.group === undefined
        ? []
        : [['Policy', `number ${policy.held.number}, of the group ${policy.group}`] as const]),
      ...(count('pending') > 0 ? [['Not yet in custody', String(count('pending'))] as const] : []),
      ...(arriving === undefined ? [] : [['Moving to', arriving.membership.server.name] as const]),
      ...(left === undefined
        ? []
        : [
            [
              'To be notified',
              `${left.membership.server.name}, of this device's move to ${left.to.name}`,
            ] as const,
          ]),
    ],
    warnings: [
      ...(notKnown === null ? [] : [`${notKnown[0]!.toUpperCase()}${notKnown.slice(1)}.`]),
      ...(problem !== null ? [`Problem at the last heartbeat: ${problem}.`] : []),
      `The agent's state in ${state.directory} holds keys of this device: it is only as safe as its disk, so keep that disk encrypted.`,
      ...(altered === 0
        ? []
        : [
            `${altered} of the keys made here are damaged in the agent's state; the agent asks the server for them instead. Check the disk.`,
          ]),
      ...(statfsSync(state.directory).type === TMPFS_MAGIC
        ? ['The state is kept in memory and is lost at a restart; move it to a disk.']
        : []),
    ],
  };
}
