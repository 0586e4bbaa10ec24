/**
 * Keeps what came down by a lookup. Invariants: it is recorded only if the link to that primary is open in the same
 * transaction; on a full disk the key is answered all the same, and the log says so. The next lookup brings it again.
 */
import type { CheckedKey } from '#domain/encryption-key.ts';
import { codeOf } from '#domain/errors.ts';
import type { PrimaryLink } from '../hierarchy/primary/primary-link.ts';
import { recordKeys } from '../records/record-keys.ts';
import type { ServerPorts } from '../repository/ports.ts';

/** `not-kept`: the link is open and the disk is full. */
type Kept = 'new' | 'known' | 'conflict' | 'closed' | 'not-kept';

/** Throws only what is neither a full disk nor one of the outcomes. */
export async function keepFromAbove(
  ports: Pick<ServerPorts, 'audit' | 'barrier' | 'clock' | 'keysRecorded' | 'log' | 'store' | 'wanted'>,
  link: PrimaryLink,
  checked: CheckedKey,
  primaryId: string,
): Promise<Kept> {
  const by = `primary:${primaryId}`;
  try {
    const kept = await ports.store.write(async (transaction) => {
      const { verdict, primary } = await link.judge(transaction);
      if (verdict !== 'open' || primary?.id !== primaryId) return 'closed' as const;
      const [recorded] = await recordKeys(ports, transaction, [checked], by);
      return recorded?.outcome ?? 'conflict';
    });
    if (kept === 'new') ports.keysRecorded.raise();
    return kept;
  } catch (error) {
    if (codeOf(error) !== 'disk-full') throw error;
  }
  const { verdict, primary } = await link.judge(ports.store.reader);
  if (verdict !== 'open' || primary?.id !== primaryId) return 'closed';
  const { id } = checked.complete.key;
  const event = { event: 'key-not-kept', by, key: id, reason: 'disk-full' } as const;
  ports.log.warn(
    event,
    'a key from above was returned to its caller but could not be stored: the disk is full',
  );
  // Into the space set aside: without the event the key is not answered.
  await ports.audit.record(event);
  return 'not-kept';
}
