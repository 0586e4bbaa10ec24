/** How the audit log stands, for the status: what verifies it, who witnessed it, and what is wrong with it. */
import type { ServerName } from '#domain/server-name.ts';
import { type Notice, step, warn } from '#domain/step.ts';
import type { ServerStatus } from '#protocol/people/routes/server.ts';
import { holds, readOwnCheckpoint } from '../checkpoints/checkpoints.ts';
import { openGaps, readGaps, readHeld } from '../checkpoints/witness.ts';
import type { ReceiverState } from '../forwarding/forwarding.ts';
import { gapNotices } from '../hierarchy/audit-gaps.ts';
import type { HierarchyPorts } from '../hierarchy/ports.ts';
import { readCountersigned } from '../hierarchy/primary/tell-log.ts';

type AuditPorts = Pick<HierarchyPorts, 'checkpoints' | 'rows' | 'store'>;

export async function auditStatus(
  { checkpoints, rows, store }: AuditPorts,
  secondaries: readonly ServerName[],
  forwarding: readonly ReceiverState[],
): Promise<Pick<ServerStatus, 'auditKey' | 'audit'>> {
  const { reader } = store;
  const keys = (await checkpoints?.verifierKeys(reader)) ?? [];
  const countersigned = await readCountersigned(rows, reader);
  return {
    auditKey: keys[0] ?? null,
    audit: {
      lines: (await reader.auditHead()).seq,
      countersigned:
        countersigned === undefined
          ? null
          : { primary: countersigned.primary, lines: countersigned.size, at: countersigned.at },
      witnessed: (await Promise.all(secondaries.map((one) => witnessed({ rows, store }, one)))).flat(),
      forwarding: [...forwarding],
    },
  };
}

/** What is witnessed here of a secondary's log: nothing where it never told any. */
async function witnessed(
  { rows, store: { reader } }: Pick<HierarchyPorts, 'rows' | 'store'>,
  { id, name }: ServerName,
): Promise<ServerStatus['audit']['witnessed']> {
  const held = await readHeld(rows, reader, id);
  if (held === undefined) return [];
  const gap = openGaps(await readGaps(rows, reader, id)).length > 0;
  return [{ server: { id, name }, lines: held.size, at: held.at, gap }];
}

export async function auditWarnings(ports: AuditPorts): Promise<Notice[]> {
  const { checkpoints, rows, store } = ports;
  const warnings = await gapNotices(ports);
  if (checkpoints === undefined) {
    warnings.push(
      warn(
        { name: 'audit-keys-closed', details: {} },
        'the keys that sign the audit log do not open',
        step('verify-and-restore'),
      ),
    );
    return warnings;
  }
  const own = await readOwnCheckpoint(rows, store.reader);
  if (own !== undefined && !(await holds(store.reader, own).catch(() => false))) {
    warnings.push(
      warn(
        { name: 'audit-not-continued', details: { lines: String(own.size) } },
        `the audit log does not continue the checkpoint signed over its first ${own.size} lines, so no new one is signed`,
        step('verify-and-restore'),
      ),
    );
  }
  if (checkpoints.gapAtPrimary) {
    warnings.push(
      warn(
        { name: 'audit-gap-at-primary', details: {} },
        'the primary witnessed another past of this audit log, and shows the gap to its administrators',
        'an administrator of the primary acknowledges it',
      ),
    );
  }
  return warnings;
}
