/**
 * Repairs trees that an earlier release kept as told, however deep. They are cut in their rows, and the log names each
 * member that told one. Every reading cuts them too, so nothing waits for this.
 */
import type { Member } from '#domain/member.ts';
import type { ServerPorts } from '../../repository/ports.ts';
import { readSecondaryContact } from './secondary-contact.ts';

/** Ends early when the server stops. */
export async function healContacts(
  ports: Pick<ServerPorts, 'log' | 'rows' | 'server' | 'store'>,
  stopping: AbortSignal,
): Promise<void> {
  const { rows, store, server, log } = ports;
  for await (const { id, value } of rows.each<Member>(store.reader, 'member')) {
    if (stopping.aborted) return;
    if (value.kind !== 'secondary' || value.removedAt !== null) continue;
    if (!(await readSecondaryContact(store.reader, id, server.id)).isCut) continue;
    log.warn(
      { event: 'tree-cut', secondary: id, name: value.name },
      'a secondary had reported more servers, or deeper ones, than can be shown; the rest was dropped',
    );
    await store.write(async (transaction) => {
      const { contact, lastHeartbeatAt } = await readSecondaryContact(transaction, id, server.id);
      await transaction.putContact({ id, lastHeartbeatAt, body: JSON.stringify(contact) });
    });
  }
}
