/** A device in this process: the real agent's state and operations, with a clock that the test sets. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enrol } from '#agent/enrol.ts';
import type { EnrolReport } from '#protocol/agent-program.ts';
import { currentFileIdentity } from '#agent/file-identity.ts';
import { heartbeat } from '#agent/heartbeat.ts';
import type { AgentPorts } from '#agent/ports.ts';
import { withServer } from '#agent/server-connection.ts';
import { AgentState } from '#agent/state.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { atTheEnd } from './at-the-end.ts';
import type { ServerInProcess } from './server-in-process.ts';

export interface AgentInProcess {
  readonly ports: AgentPorts;
  readonly clock: { aheadMs: number };
  enrolWith(server: ServerInProcess): Promise<EnrolReport>;
  heartbeat(): ReturnType<typeof heartbeat>;
  /** A new file key, in custody; its id. */
  makeKey(): Promise<string>;
  /** Calls as the agent makes them. */
  ask<T>(work: (calls: MachineCalls) => Promise<T>): Promise<T>;
}

/** @param toolFolders where the system's tools are. With none its heartbeat does not look at the drives of this machine. */
export function openAgent(aheadMs = 0, toolFolders: readonly string[] = []): AgentInProcess {
  const folder = mkdtempSync(join(tmpdir(), 'keystair-agent-'));
  const state = AgentState.open(join(folder, 'state'), { create: true });
  atTheEnd(() => {
    state.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const clock = { aheadMs };
  const ports: AgentPorts = {
    state,
    clock: () => Date.now() + clock.aheadMs,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    toolFolders,
  };
  return {
    ports,
    clock,
    async enrolWith(server) {
      const { invitation } = await server.call('inviteDevice', {});
      return enrol(ports, { invitation, name: `device-${randomUUID().slice(0, 8)}` });
    },
    heartbeat: () => heartbeat(ports),
    makeKey: async () => (await currentFileIdentity(ports, 'age-x25519', true)).keyId,
    ask: (work) => withServer(ports, work),
  };
}
