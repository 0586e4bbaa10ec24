/**
 * The policy of the primary's root group, where this server takes it. It is no key, so it crosses a link in a
 * demilitarised zone, too.
 *
 * Invariant: it is kept only while the option is on and from the primary of this moment, judged again in the transaction
 * that stores. What devices must do is never more than what one of the servers above, or this one, was told by people.
 */
import type { HeldPolicy, PrimaryPolicy } from '#protocol/policy-messages.ts';
import { nextPolicyNumber, putPrimaryPolicy, readPrimaryPolicy } from '../../groups/policy-rows.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { readOptions } from '../../repository/settings.ts';
import { type PrimaryRow, readPrimary } from './primary-row.ts';

/** What the heartbeat says of it; undefined where none is taken. */
export async function heldPolicy(
  { rows, store: { reader } }: Pick<ServerPorts, 'rows' | 'store'>,
  primary: PrimaryRow,
): Promise<HeldPolicy | undefined> {
  if ((await readOptions(rows, reader)).takePolicy !== true) return undefined;
  const held = await readPrimaryPolicy(rows, reader);
  return held?.from.id === primary.id ? held.theirs : { number: 0 };
}

export async function takePolicy(
  ports: Pick<ServerPorts, 'audit' | 'random' | 'rows' | 'store'>,
  { id, name }: PrimaryRow,
  { number, digest, document }: PrimaryPolicy,
): Promise<void> {
  const { rows } = ports;
  await ports.store.write(async (transaction) => {
    if ((await readOptions(rows, transaction)).takePolicy !== true) return;
    if ((await readPrimary(rows, transaction))?.id !== id) return;
    const own = await nextPolicyNumber(ports, transaction);
    const from = { id, name };
    await putPrimaryPolicy(rows, transaction, {
      document,
      number: own,
      from,
      theirs: { number, digest },
    });
    await ports.audit.append(transaction, [
      { event: 'policy-taken', by: 'server', primary: id, name, policyNumber: own, theirs: number, digest },
    ]);
  });
}
