/** Two devices of one server, and drives of the first that somebody opens by a passphrase of their own too. */
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { testDriveForDevice } from '#agent/drive-commands.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { type AgentInProcess, openAgent } from '#test/support/agent-in-process.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { opensStock, shown } from './drives/images.ts';
import { adopt, encrypted, PASSPHRASE } from './others-volume.ts';

export const { signal } = new AbortController();
export let server: ServerInProcess;
/** The one that adopted the drives, and one that never had them. */
export let agent: AgentInProcess;
export let finder: AgentInProcess;

before(async () => {
  server = await openServer('Oslo');
  [agent, finder] = [openAgent(), openAgent()];
  await agent.enrolWith(server);
  await finder.enrolWith(server);
});

/** A drive of somebody with a passphrase of their own, and its key in custody. */
export async function adopted(): Promise<{ readonly path: string; readonly key: string }> {
  const path = encrypted();
  const { key } = await adopt(agent, path);
  return { path, key };
}

export function namesIn(path: string): string[] {
  return Object.values(shown(path).tokens).map((token) => (token as { key: string }).key);
}

export async function requireOnly(path: string, key: string): Promise<void> {
  assert.deepEqual(namesIn(path), [key]);
  assert.equal(Object.keys(shown(path).keyslots).length, 2);
  assert.ok(opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
  // From custody, at a device that never had it.
  assert.equal((await testDriveForDevice(finder.ports, { path, signal })).key, key);
}
