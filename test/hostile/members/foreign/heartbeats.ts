/** What a secondary says in a heartbeat, with whatever is to be another. */
import { randomBytes } from 'node:crypto';
import { newEpoch, START } from './record.ts';

export function heartbeatOf(more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    name: 'foreign secondary',
    useHierarchy: true,
    dmz: false,
    epoch: newEpoch(),
    ...START,
    treeDigest: randomBytes(8).toString('hex'),
    ...more,
  });
}
