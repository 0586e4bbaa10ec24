/** The unverified status of neighbours. */
import type { DatabaseSync } from 'node:sqlite';
import type { Contact } from '../rows.ts';
import { prepareCommand, prepareQuery, readableTime, type Row } from './statement.ts';

export interface ContactsTable {
  get(id: string): Contact | undefined;
  put(contact: Contact): void;
}

function contactOf(row: Row): Contact {
  return { id: row[0] as string, lastHeartbeatAt: row[1] as number | null, body: row[2] as string };
}

export function prepareContactsTable(connection: DatabaseSync): ContactsTable {
  const columns = 'id, last_heartbeat_at, body';
  const read = `id, ${readableTime('last_heartbeat_at', 'NULL')}, body`;
  const get = prepareQuery(connection, `SELECT ${read} FROM contacts WHERE id = ?`);
  const put = prepareCommand(connection, `INSERT OR REPLACE INTO contacts (${columns}) VALUES (?, ?, ?)`);
  return {
    get(id) {
      const row = get.first(id);
      return row === undefined ? undefined : contactOf(row);
    },
    put: (contact) => put(contact.id, contact.lastHeartbeatAt, contact.body),
  };
}
