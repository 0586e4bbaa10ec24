/** The checkpoints of this server's audit log. Undefined where its keys do not open: then none is signed. */
import type { ServerPorts } from '../repository/ports.ts';
import { Checkpoints } from './checkpoints.ts';
import { openLogKeys } from './log-keys.ts';

export async function openCheckpoints(
  ports: Pick<ServerPorts, 'audit' | 'clock' | 'random' | 'rows' | 'server' | 'store'>,
  postQuantum: boolean | undefined,
): Promise<Checkpoints | undefined> {
  const keys = await openLogKeys(ports, postQuantum).catch(() => undefined);
  return keys === undefined ? undefined : new Checkpoints(ports, keys);
}
