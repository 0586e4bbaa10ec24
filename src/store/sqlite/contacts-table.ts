/** The unverified status of neighbours. */
import type { DatabaseSync } from 'node:sqlite';
import type { Contact } from '../rows.ts';
import type { Place } from '../member-place.ts';
import { PLACE_DEVICE } from './schema.ts';
import { prepareCommand, prepareQuery, readableTime, type Row } from './statement.ts';

export interface ContactsTable {
  get(id: string): Contact | undefined;
  put(contact: Contact): void;
  /** Keeps state and group of a device that was not removed beside its last heartbeat; null for all others. */
  place(id: string, device: Pick<Place, 'state' | 'group'> | null): void;
}

function contactOf(row: Row): Contact {
  return { id: row[0] as string, lastHeartbeatAt: row[1] as number | null, body: row[2] as string };
}

export function prepareContactsTable(connection: DatabaseSync): ContactsTable {
  const columns = 'id, last_heartbeat_at, body';
  const read = `id, ${readableTime('last_heartbeat_at', 'NULL')}, body`;
  const get = prepareQuery(connection, `SELECT ${read} FROM contacts WHERE id = ?`);
  const put = prepareCommand(
    connection,
    `INSERT INTO contacts (${columns}, heard_at) VALUES (?1, ?2, ?3, ${readableTime('?2', '-1')})
     ON CONFLICT (id) DO UPDATE SET
       last_heartbeat_at = excluded.last_heartbeat_at, body = excluded.body, heard_at = excluded.heard_at`,
  );
  // A device that was never heard is found among the silent ones.
  const place = prepareCommand(connection, PLACE_DEVICE);
  const displace = prepareCommand(connection, 'UPDATE contacts SET device_state = NULL WHERE id = ?');
  return {
    get(id) {
      const row = get.first(id);
      return row === undefined ? undefined : contactOf(row);
    },
    put: (contact) => put(contact.id, contact.lastHeartbeatAt, contact.body),
    place: (id, device) => (device === null ? displace(id) : place(id, device.state, device.group)),
  };
}
