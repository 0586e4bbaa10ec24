/** What is forwarded of each event: in our form and as OCSF 1.8.0, whatever stands in a line, and nothing secret. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditEvent, encodeAuditEvent } from '#domain/audit-log.ts';
import { toHex } from '#domain/hex.ts';
import { leafHash } from '#domain/merkle-tree.ts';
import { forwardedLine } from '#server/forwarding/forwarded-event.ts';
import { OCSF_KINDS } from '#server/forwarding/ocsf-classes.ts';
import type { KeystairEvent, OcsfEvent } from '#server/forwarding/receiver.ts';

const SERVER = { id: '0f6d2a57-2f0a-4b0e-9a53-0b7d51f0c001', name: 'Oslo' };
const AT = '2026-11-29T12:00:00.000Z';
const NOTHING = new Uint8Array(0);
const PERSON = '0f6d2a57-2f0a-4b0e-9a53-0b7d51f0c002';

const lineOf = (event: object): string => encodeAuditEvent(AT, event as AuditEvent);
const rowOf = (line: string) => ({ seq: 7, event: line, chain: NOTHING, mac: NOTHING });

function ours(line: string): KeystairEvent {
  return forwardedLine(rowOf(line), SERVER, 'keystair').body as KeystairEvent;
}
function ocsf(event: object): OcsfEvent {
  return forwardedLine(rowOf(lineOf(event)), SERVER, 'ocsf').body as OcsfEvent;
}

/** What the schema 1.8.0 requires of every event, and of each class; and its activities. */
const OF_ALL =
  'activity_id category_uid class_uid metadata severity_id time type_uid metadata.version metadata.product.name';
const OF_CLASS: Readonly<Record<number, readonly [required: string, ...activities: number[]]>> = {
  0: [''],
  3001: ['user.type_id', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  3002: ['user.type_id service.name', 1, 2, 3, 4, 5, 6, 7],
  3004: ['entity.uid', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  3005: ['user.type_id privileges', 1, 2],
  6002: ['app.name', 1, 2, 3, 4, 5, 6, 7, 8],
  6003: ['actor.user.type_id api.operation src_endpoint', 1, 2, 3, 4],
};

const at = (event: OcsfEvent, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], event);

test('each kind of event has a class and an activity of the schema, and all that they require', () => {
  for (const event of Object.keys(OCSF_KINDS)) {
    const said = ocsf({ event, by: 'server' });
    const uid = said['class_uid'] as number;
    const activity = said['activity_id'] as number;
    const [required, ...activities] = OF_CLASS[uid]!;
    for (const path of `${OF_ALL} ${required}`.trim().split(' '))
      assert.notEqual(at(said, path), undefined, `${event}: ${path}`);
    assert.ok(activity === 99 || activities.includes(activity), `${event}: activity ${activity} of ${uid}`);
    assert.equal(said['type_uid'], uid * 100 + activity);
    assert.equal(said['category_uid'], Math.floor(uid / 1000));
    assert.equal(activity === 99, said['activity_name'] === event, event);
  }
});

test('a sign-in says who, from where and whether it was refused; a revealed key which, by whom and why', () => {
  const refused = ocsf({
    event: 'sign-in-refused',
    by: 'server',
    person: PERSON,
    at: 'password',
    address: '192.0.2.7',
  });
  assert.deepEqual(
    [refused['class_name'], refused['type_uid'], refused['status_id'], refused['severity_id']],
    ['Authentication', 300_201, 2, 3],
  );
  assert.equal(at(refused, 'user.uid'), PERSON);
  assert.equal(at(refused, 'src_endpoint.ip'), '192.0.2.7');
  assert.equal(at(ocsf({ event: 'sign-in-refused', by: 'server', person: null }), 'user.name'), 'unknown');

  const by = `person:${PERSON} Anna Ås`;
  const revealed = ocsf({ event: 'key-revealed', by, key: 'K', reason: 'ticket 4711' });
  assert.deepEqual(revealed['actor'], { user: { uid: PERSON, name: 'Anna Ås', type_id: 1 } });
  assert.deepEqual(revealed['resources'], [{ uid: 'K', type: 'encryption key' }]);
  assert.deepEqual([revealed['type_uid'], revealed['status_id']], [600_302, 1]);
  assert.equal(at(revealed, 'unmapped.reason'), 'ticket 4711');
  assert.equal(revealed['time'], Date.parse(AT));

  const changed = {
    event: 'person-changed',
    by,
    person: PERSON,
    name: 'Eve',
    before: ['Auditor', 'Approver'],
  };
  assert.equal(ocsf({ ...changed, roles: ['Auditor', 'Key custodian'] })['type_uid'], 300_501);
  assert.equal(ocsf({ ...changed, roles: ['Auditor'] })['type_uid'], 300_502);
  const counted = { event: 'refusals-counted', by: 'server', caller: 'x', code: 'y', count: 9, since: AT };
  assert.deepEqual([ocsf(counted)['count'], ocsf(counted)['start_time']], [9, Date.parse(AT)]);
});

test('in our form the event is as it was written, with its number and its leaf of the tree', () => {
  const line = lineOf({ event: 'key-revealed', by: 'local administrator', key: 'K', reason: 'é 東' });
  const { id, number, leaf, server, event } = ours(line);
  assert.deepEqual([number, server], [7, SERVER]);
  assert.equal(leaf, toHex(leafHash(line)));
  assert.equal(id, `${SERVER.id}:7:${leaf.slice(0, 16)}`);
  assert.equal(JSON.stringify(event), line);
});

test('whatever somebody made of a line in the database, it stays one event and passes for no other', () => {
  const forged = '{"event":"key-revealed"}\n{"event":"forged"}';
  const lines = [
    '',
    'null',
    '[]',
    '7',
    forged,
    '{"at":1,"event":{},"by":[]}',
    '{"at":"\u202e","event":"__proto__"}',
    '{"at":"2026","event":"constructor","by":"person:"}',
    `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ];
  for (const line of lines) {
    for (const format of ['keystair', 'ocsf'] as const) {
      const { id, body, event } = forwardedLine(rowOf(line), SERVER, format);
      const json = JSON.stringify(body);
      assert.ok(!json.includes('\n') && typeof event === 'string');
      assert.ok(id.startsWith(`${SERVER.id}:7:`));
      assert.notEqual(at(JSON.parse(json) as OcsfEvent, 'event.event'), 'forged');
    }
  }
  assert.equal(ours(forged).event, forged);
});
