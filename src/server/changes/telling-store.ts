/**
 * A store that tells watchers of durable changes: when work that appended to the audit log is durable, they get the
 * names of its events.
 */
import type { Store } from '#store/store.ts';
import type { Transaction } from '#store/transaction.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Changes } from './changes.ts';

export function tellingStore(store: Store, audit: AuditLog, changes: Changes): Store {
  audit.onRecorded((events) => changes.noteEvents(events));
  return {
    ...store,
    async write(work, options) {
      let last: Transaction | undefined;
      const done = await store.write((transaction) => {
        last = transaction;
        return work(transaction);
      }, options);
      const events = last === undefined ? undefined : audit.appendedIn(last);
      if (events !== undefined) changes.noteEvents(events);
      return done;
    },
  };
}
