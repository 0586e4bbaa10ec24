/**
 * A line of the audit log as it is forwarded.
 *
 * Invariant: what comes out is one JSON object whatever the line holds, also one that somebody altered in the database:
 * it cannot pass for two events, nor for another line.
 */
import { parseJson } from '#domain/bounded-json.ts';
import { toHex } from '#domain/hex.ts';
import { ROW_JSON } from '#domain/json-bounds.ts';
import { leafHash } from '#domain/merkle-tree.ts';
import type { ServerName } from '#domain/server-name.ts';
import type { AuditRow } from '#store/rows.ts';
import { ocsfEvent } from './ocsf.ts';
import { severityOf } from './ocsf-classes.ts';
import type { EventFields, EventFormat, ForwardedLine, KeystairEvent } from './receiver.ts';

/** Of a leaf's hash in an id: two lines with one number, before and after a restore, differ in it. */
const ID_HASH_DIGITS = 16;

export function forwardedLine(row: AuditRow, server: ServerName, format: EventFormat): ForwardedLine {
  const fields = fieldsOf(row.event);
  const leaf = toHex(leafHash(row.event));
  const id = `${server.id}:${row.seq}:${leaf.slice(0, ID_HASH_DIGITS)}`;
  const told: KeystairEvent = {
    id,
    server: { id: server.id, name: server.name },
    number: row.seq,
    leaf,
    event: fields ?? row.event,
  };
  const event = textOf(fields?.['event']);
  return {
    id,
    number: row.seq,
    event,
    at: timeOfLine(row),
    severity: severityOf(event),
    body: format === 'ocsf' ? ocsfEvent(told) : told,
  };
}

/** Empty where the line has none any more. */
export function timeOfLine({ event }: AuditRow): string {
  const at = textOf(fieldsOf(event)?.['at']);
  return Number.isNaN(Date.parse(at)) ? '' : new Date(at).toISOString();
}

function fieldsOf(line: string): EventFields | undefined {
  try {
    const value = parseJson(line, ROW_JSON);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as EventFields)
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
