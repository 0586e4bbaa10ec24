/** People who are limited to groups of devices, through the real gate: what they change, move, export and have approved. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { RIGHTS } from '#domain/right.ts';
import { putPerson, readPerson } from '#server/people/person-rows.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import type { Answered } from '#test/support/approving-office.ts';
import { openScopeOffice, type ScopeOffice } from '#test/support/scope-office.ts';

const RECIPIENT = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';
const inFolder = temporaryFolder('limits');
let at: ScopeOffice;
before(async () => {
  at = await openScopeOffice(inFolder('data'));
});

test('groups outside are not there, and the first of one’s own has nothing above it', async () => {
  const { office, lyon, floor, oslo, person } = at;
  const who = await person('all', 'for Lyon');
  const { body } = await office.ask(who, 'GET /groups');
  assert.deepEqual(
    (body['groups'] as { id: string; above: string | null }[]).map(({ id, above }) => [id, above]),
    [
      [lyon, null],
      [floor, lyon],
    ],
  );
  for (const group of [oslo, 'Oslo', 'root', 'Office', randomUUID()])
    for (const [line, sent] of [
      [`GET /groups/${group}`, undefined],
      ['POST /groups', { name: 'New', above: group }],
      [`PATCH /groups/${group}`, { name: 'New' }],
      [`PATCH /groups/${floor}`, { above: group }],
      [`DELETE /groups/${group}`, undefined],
      ['POST /devices/invitations', { group }],
      [`GET /devices?group=${group}`, undefined],
    ] as const)
      assert.equal((await office.ask(who, line, sent)).code, 'not-found', line);
  for (const [line, sent] of [
    [`PATCH /groups/${lyon}`, { name: 'Mine' }],
    [`PATCH /groups/${lyon}`, { above: floor }],
    [`DELETE /groups/${lyon}?contents=move-up`, undefined],
  ] as const)
    assert.equal((await office.ask(who, line, sent)).code, 'not-allowed', line);
  assert.equal((await office.ask(who, 'POST /devices/invitations', {})).status, 200);
  const made = (await office.server.events('invitation-made')).at(-1)!;
  assert.equal(made['group'], lyon, 'what names no group goes into the only one there is');
});

test('nobody moves a device to where they may reveal its key and could not before', async () => {
  const { office, lyon, floor, oslo, stand } = at;
  const who = await office.add(
    'Mover',
    RIGHTS.filter(({ area }) => area === 'Managed devices'),
  );
  const { rows } = office.server.repository;
  const { store } = office.server;
  await office.server.call('addRole', { name: 'Reveal', rights: [{ area: 'Key reveal', right: 'Write' }] });
  const row = (await readPerson(rows, store.reader, who))!;
  const raised = { ...row, roles: [...row.roles, 'Reveal'], limits: { Reveal: [lyon] } };
  await store.write((transaction) => putPerson(rows, transaction, raised));
  const outside = await stand('outside');
  const refused = await office.ask(who, `PATCH /devices/${outside.device}`, { group: lyon });
  assert.equal(refused.code, 'not-allowed');
  assert.deepEqual(refused.body['details'], { area: 'Key reveal', right: 'Write', limited: true });
  for (const line of [`PATCH /groups/${oslo}`])
    assert.equal((await office.ask(who, line, { above: lyon })).code, 'not-allowed');
  assert.equal((await office.ask(who, `PATCH /devices/${outside.device}`, { group: 'root' })).status, 200);
  const own = await stand('own');
  assert.equal((await office.ask(who, `PATCH /devices/${own.device}`, { group: floor })).status, 200);
});

test('an export of whoever is limited holds their keys alone, and none once their groups are others', async () => {
  const { office, floor, oslo, limit, stand } = at;
  const who = await office.add('Exporter');
  await limit(who, [floor]);
  const mine = [await stand('below it'), await stand('below it')];
  await stand('outside');
  const start = async (): Promise<string> => {
    const started = await office.ask(who, 'POST /keys/exports', { recipient: RECIPIENT });
    return String(started.body['download']).replace('/api/v1', '');
  };
  const { keys } = await office.server.call('listKeys', {});
  const here = keys.length;
  assert.equal((await office.ask(who, `GET ${await start()}`)).status, 200);
  const begun = (await office.server.events('export-started')).at(-1)!;
  const { groups } = begun['selection'] as { groups: string[] };
  assert.deepEqual(groups, [floor]);
  const { body } = await office.ask(who, 'GET /keys?limit=1000');
  const own = (body['keys'] as { id: string }[]).map(({ id }) => id);
  for (const { key } of mine) assert.ok(own.includes(key));
  assert.equal(begun['keys'], own.length);
  assert.ok(own.length < here);
  const path = await start();
  await limit(who, [oslo]);
  assert.equal((await office.ask(who, `GET ${path}`)).code, 'not-allowed');
});

test('an approval of an export serves for the groups that it was asked for, and no others', async () => {
  const { office, lyon, floor, limit } = at;
  const who = await office.add('Asker');
  const approver = await office.add('Approver');
  await limit(who, [floor]);
  const rule = { act: 'keys.export', approvers: 1 } as const;
  await office.server.call('setApprovalRule', rule);
  const ask = (headers?: Readonly<Record<string, string>>): Promise<Answered> =>
    office.ask(who, 'POST /keys/exports', { recipient: RECIPIENT }, headers);
  const approved = async (): Promise<Readonly<Record<string, string>>> => {
    const { approval } = (await ask()).body['details'] as { approval: string };
    assert.equal((await office.ask(approver, `POST /approvals/${approval}/approve`, {})).status, 200);
    return { 'keystair-approval': approval };
  };
  const first = await approved();
  await limit(who, [lyon]);
  assert.equal((await ask(first)).code, 'approval-refused');
  await limit(who, [floor]);
  assert.equal((await ask(first)).status, 200);
});

test('nobody gives a right for more groups than they hold it for, and a limit that is not named stays', async () => {
  const { office, lyon, floor, oslo, limit } = at;
  const desk = { name: 'Desk', rights: [{ area: 'Key reveal', right: 'Write' }] } as const;
  await office.server.call('addRole', { ...desk, rights: [...desk.rights] });
  const manager = await office.add(
    'Manager',
    RIGHTS.filter(({ area }) => area === 'People' || area === 'Key reveal'),
  );
  await limit(manager, [lyon]);
  const limits = (...groups: readonly string[]): object => ({ limits: [{ role: 'Desk', groups }] });
  const add = (name: string, more: object): Promise<Answered> =>
    office.ask(manager, 'POST /people', { name, service: true, roles: ['Desk'], ...more });
  for (const more of [{}, limits(oslo), limits(lyon, oslo), limits('root')])
    assert.equal((await add('Too much', more)).code, 'not-allowed', JSON.stringify(more));
  assert.equal(
    (await add('Of another role', { limits: [{ role: 'Auditor', groups: [lyon] }] })).code,
    'invalid-argument',
  );
  const { person } = (await add('Kim', limits('Lyon'))).body as { person: { id: string } };
  const set = (more: object): Promise<Answered> =>
    office.ask(manager, `PATCH /people/${person.id}`, { roles: ['Desk'], ...more });
  for (const more of [limits(oslo), { limits: [] }])
    assert.equal((await set(more)).code, 'not-allowed', JSON.stringify(more));
  const named = [{ role: 'Desk', groups: [{ id: lyon, name: 'Lyon' }] }];
  assert.deepEqual(
    (await set({})).body['limits'],
    named,
    'a program that knows of no limits takes none away',
  );
  assert.deepEqual((await set(limits(floor))).body['limits'], [
    { role: 'Desk', groups: [{ id: floor, name: 'Floor' }] },
  ]);
  assert.deepEqual((await office.ask(person.id, 'GET /me')).body['rights'], [
    { area: 'Key reveal', right: 'Write', groups: [{ id: floor, name: 'Floor' }] },
  ]);
  const last = (await office.server.events('person-changed')).at(-1)!;
  assert.deepEqual([last['limits'], last['limitsBefore']], [{ Desk: [floor] }, { Desk: [lyon] }]);
});
