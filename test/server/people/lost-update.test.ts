/**
 * Two people edit the same thing: whoever saves second overwrites nothing unseen, and learns who was first.
 *
 * Over the real listener, for everything that has a version.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import type { PeopleRoute } from '#protocol/people/people-route.ts';
import { addPerson, type Office, openOffice, type SetUpPerson } from '#test/support/people-office.ts';

let office: Office;
let [anna, eva]: SetUpPerson[] = [];
before(async () => {
  office = await openOffice();
  anna = await addPerson(office, 'Anna', 'Server administrator');
  eva = await addPerson(office, 'Eva', 'Server administrator');
  await office.server.call('addPerson', { name: 'Marc', roles: ['Auditor'] });
  await office.server.call('addRole', { name: 'Reader', rights: [{ area: 'Key register', right: 'Read' }] });
  await office.server.call('addGroup', { name: 'Lyon' });
});

const right = (area: string) => ({ rights: [{ area, right: 'Read' }] });
/** The address of each thing that is edited, and what two people make of it. */
const EDITED = [
  ['/people/Marc', { roles: [] }, { roles: ['Reader'] }],
  ['/roles/Reader', right('Managed devices'), right('Administration Server')],
  ['/groups/Lyon/policy', { policy: { fixedDrives: 'leave' } }, { policy: { fixedDrives: 'require' } }],
  ['/groups/Lyon', { name: 'Lyon East' }, { name: 'Lyon West' }],
  ['/server/settings', { heartbeat: 90 }, { useHierarchy: true }],
] as const;

test('everything that shows a version is edited here', () => {
  const versioned = Object.values<PeopleRoute>(PEOPLE_ROUTES).filter(({ version }) => version !== undefined);
  assert.equal(versioned.length, 2 * EDITED.length);
});

for (const [path, first, second] of EDITED) {
  test(`a change of ${path} that was decided on an older version is refused, and names who was first`, async () => {
    const { headers, body } = await anna!.browser.send(`GET ${path}`);
    // A group that was renamed is found by its id.
    const { id } = (body['group'] ?? {}) as { readonly id?: string };
    const isPolicy = path.endsWith('/policy');
    const place = id === undefined || isPolicy ? path : `/groups/${id}`;
    const edit = isPolicy ? 'PUT' : 'PATCH';
    const seen = { 'if-match': String(headers['etag']) };
    assert.match(seen['if-match'], /^"[\w-]{22}"$/);

    const made = await eva!.browser.send(`${edit} ${place}`, first, seen);
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const refused = await anna!.browser.send(`${edit} ${place}`, second, seen);
    assert.equal(refused.status, 412);
    assert.equal(refused.body.code, 'changed-meanwhile');
    const { changedBy, changedAt } = refused.body['details'] as Record<string, string>;
    assert.equal(changedBy, `person:${eva!.id} Eva`);
    assert.equal(changedAt, new Date(changedAt!).toISOString());

    const now = await anna!.browser.send(`GET ${place}`);
    assert.equal(now.headers['etag'], made.headers['etag'], 'the version of the first change is there');
    const again = await anna!.browser.send(`${edit} ${place}`, second, {
      'if-match': String(now.headers['etag']),
    });
    assert.equal(again.status, 200, JSON.stringify(again.body));
    // Whoever names no version, or any, replaces what is there.
    assert.equal((await eva!.browser.send(`${edit} ${place}`, first)).status, 200);
    assert.equal((await eva!.browser.send(`${edit} ${place}`, second, { 'if-match': '*' })).status, 200);
  });
}

test('a sign-in, or a group that was renamed, is no change of the roles that somebody edits', async () => {
  await office.server.call('addGroup', { name: 'Oslo' });
  const limits = [{ role: 'Help desk', groups: ['Oslo'] }];
  await office.server.call('addPerson', { name: 'Nils', roles: ['Help desk'], limits });
  const before = await anna!.browser.send('GET /people/Nils');
  await office.server.call('setGroup', { id: 'Oslo', name: 'Bergen' });
  const after = await anna!.browser.send('GET /people/Nils');
  assert.notDeepEqual(after.body, before.body);
  assert.equal(after.headers['etag'], before.headers['etag']);
});
