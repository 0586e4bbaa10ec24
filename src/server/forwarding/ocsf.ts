/**
 * An event of the audit log as OCSF has it: who, what, on which object, and how it ended. What OCSF has no place for is
 * in `unmapped`, under its own name: nothing is left out.
 */
import { PROGRAM_VERSION } from '#protocol/version.ts';
import { kindOf, OCSF_CLASSES, OCSF_VERSION, type OcsfClass, OTHER_ACTIVITY } from './ocsf-classes.ts';
import type { EventFields, KeystairEvent, OcsfEvent, Severity } from './receiver.ts';

const SEVERITY_ID: Readonly<Record<Severity, number>> = { notice: 1, warning: 3, alert: 4 };
const SUCCESS = 1;
const FAILURE = 2;
/** Of an entity that is of none of the schema's own types. */
const OTHER_TYPE = 99;
const USER_TYPES: Readonly<Record<string, number>> = { person: 1, service: 4 };
const OWNER_TYPE = 2;
const SYSTEM_TYPE = 3;
const PRODUCT = { name: 'Keystair', vendor_name: 'Keystair', version: PROGRAM_VERSION };

export function ocsfEvent(told: KeystairEvent): OcsfEvent {
  const fields: EventFields = typeof told.event === 'string' ? { altered: told.event } : told.event;
  const event = textIn(fields, 'event');
  const at = textIn(fields, 'at');
  const by = textIn(fields, 'by');
  const { of, activity, severity, refused } = kindOf(event);
  const { uid, category, name } = OCSF_CLASSES[of];
  const activityId = of === 'access' ? accessActivity(fields) : activity;
  const time = Date.parse(at);
  const failed = refused || fields['outcome'] === 'broken-off';
  const actor = { user: userOf(by, told) };
  const address = textIn(fields, 'address');
  return {
    class_uid: uid,
    class_name: name,
    category_uid: category,
    activity_id: activityId,
    ...(activityId === OTHER_ACTIVITY ? { activity_name: event } : {}),
    type_uid: uid * 100 + activityId,
    severity_id: SEVERITY_ID[severity],
    status_id: failed ? FAILURE : SUCCESS,
    // A line that was altered has none: the schema wants a number.
    time: Number.isNaN(time) ? 0 : time,
    message: event === '' ? 'a line that is no event' : `${event} by ${by}`,
    metadata: {
      version: OCSF_VERSION,
      product: PRODUCT,
      uid: told.id,
      sequence: told.number,
      event_code: event,
      log_name: 'audit',
      original_time: at,
    },
    actor,
    src_endpoint: address === '' ? { name: by === '' ? 'unknown' : by } : { ip: address },
    ...countOf(fields),
    ...OBJECTS[of](fields, told, actor.user),
    unmapped: { server: told.server, leaf: told.leaf, ...withoutHeader(fields) },
  };
}

type User = Readonly<Record<string, unknown>>;
type ObjectsOf = (fields: EventFields, told: KeystairEvent, actor: User) => OcsfEvent;

/** What each class wants besides. */
const OBJECTS: Readonly<Record<OcsfClass, ObjectsOf>> = {
  base: () => ({}),
  account: (fields, _, actor) => ({ user: subjectOf(fields, actor) }),
  authentication: (fields, { server }, actor) => ({
    user: subjectOf(fields, actor),
    service: { name: 'Keystair', uid: server.id },
    ...(textIn(fields, 'session') === '' ? {} : { session: { uid: textIn(fields, 'session') } }),
  }),
  access: (fields, _, actor) => ({
    user: subjectOf(fields, actor),
    privileges: Array.isArray(fields['roles']) ? fields['roles'] : [],
  }),
  entity: (fields, { server }) => ({ entity: entityOf(fields, server.id) }),
  lifecycle: (_, { server }) => ({ app: { ...PRODUCT, uid: server.id } }),
  api: (fields) => {
    const key = textIn(fields, 'key');
    return {
      api: { operation: textIn(fields, 'operation') || textIn(fields, 'route') || textIn(fields, 'event') },
      ...(key === '' ? {} : { resources: [{ uid: key, type: 'encryption key' }] }),
    };
  },
};

/** `person:ID NAME`, `service:ID NAME`, `device:ID` and so on, `local administrator`, `server`. */
function userOf(by: string, { server }: KeystairEvent): User {
  const found = /^([a-z]+):([^ ]+)(?: (.*))?$/su.exec(by);
  if (found !== null) {
    const [, what = '', uid, name] = found;
    return { uid, name: name ?? by, type_id: USER_TYPES[what] ?? SYSTEM_TYPE };
  }
  if (by === 'server') return { uid: server.id, name: server.name, type_id: SYSTEM_TYPE };
  return { name: by === '' ? 'unknown' : by, type_id: by === '' ? 0 : OWNER_TYPE };
}

/** Whom it is about; whoever acted, where the event names nobody else. */
function subjectOf(fields: EventFields, actor: User): User {
  const uid = textIn(fields, 'person');
  if (uid === '') return fields['person'] === null ? { name: 'unknown', type_id: 0 } : actor;
  const name = textIn(fields, 'name');
  return { uid, ...(name === '' ? {} : { name }), type_id: fields['service'] === true ? 4 : 1 };
}

/** Roles that were taken, or given: all of what was is named in `unmapped`. */
function accessActivity(fields: EventFields): number {
  const rolesIn = (name: string): readonly unknown[] =>
    Array.isArray(fields[name]) ? (fields[name] as readonly unknown[]) : [];
  const before = rolesIn('before');
  return rolesIn('roles').every((role) => before.includes(role)) ? 2 : 1;
}

const ENTITIES = [
  'role',
  'seal',
  'invitation',
  'member',
  'device',
  'primary',
  'act',
  'dataKey',
  'key',
] as const;

/** The first of these that the event names; the server's own settings where it names none. */
function entityOf(fields: EventFields, server: string): OcsfEvent {
  const type = ENTITIES.find((one) => fields[one] !== undefined);
  const name = textIn(fields, 'name');
  const uid = type === undefined ? server : String(fields[type]);
  return { uid, ...(name === '' ? {} : { name }), type: type ?? 'server', type_id: OTHER_TYPE };
}

function countOf(fields: EventFields): OcsfEvent {
  const start = Date.parse(textIn(fields, 'since'));
  if (typeof fields['count'] !== 'number' || Number.isNaN(start)) return {};
  return { count: fields['count'], start_time: start };
}

function withoutHeader({ at: _at, event: _event, by: _by, ...rest }: EventFields): EventFields {
  return rest;
}

function textIn(fields: EventFields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}
