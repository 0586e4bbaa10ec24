/** Columns as they are asked for, and the row that each list of them makes. */
import type {
  AuditRow,
  Contact,
  Cursor,
  MemberRow,
  RefusedKey,
  StoredKey,
  TrustedKind,
  TrustedRow,
} from '../rows.ts';
import type { Row } from './session.ts';

export const KEY_COLUMNS = 'seq, id, digest, chain, device, fields, sealed, received_from, recorded_at';

export function keyOf(row: Row): StoredKey {
  const [seq, id, digest, chain, deviceId, fields, sealed, receivedFrom, recordedAt] = row;
  return { seq, id, digest, chain, deviceId, fields, sealed, receivedFrom, recordedAt } as StoredKey;
}

export const TRUSTED_COLUMNS = 'kind, id, body, mac';

export function trustedOf([kind, id, body, mac]: Row): TrustedRow {
  return { kind: kind as TrustedKind, id, body, mac } as TrustedRow;
}

export const MEMBER_COLUMNS = `${TRUSTED_COLUMNS}, place, sort_name, state, device_group`;

export function memberOf(row: Row): MemberRow {
  const [, , , , place, sortName, state, group] = row;
  return {
    ...trustedOf(row),
    place: String(place),
    sortName: String(sortName),
    state: String(state),
    group: String(group),
  };
}

export const CURSOR_COLUMNS = 'member, epoch, rank, seq, chain';

export function cursorOf([memberId, epoch, rank, seq, chain]: Row): Cursor {
  return { memberId, epoch, rank, seq, chain } as Cursor;
}

export const REFUSED_COLUMNS = 'member, epoch, seq, key_id, reason, at';

export function refusedOf([memberId, epoch, seq, keyId, reason, at]: Row): RefusedKey {
  return { memberId, epoch, seq, keyId, reason, at } as RefusedKey;
}

export const CONTACT_COLUMNS = 'id, last_heartbeat_at, body';

export function contactOf([id, lastHeartbeatAt, body]: Row): Contact {
  return { id, lastHeartbeatAt, body } as Contact;
}

export const AUDIT_COLUMNS = 'seq, event, chain, mac';

export function auditOf([seq, event, chain, mac]: Row): AuditRow {
  return { seq, event, chain, mac } as AuditRow;
}
