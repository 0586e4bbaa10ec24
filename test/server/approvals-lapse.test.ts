/** An approval ends with the right that it rests on, and does not come back with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RIGHTS } from '#domain/right.ts';
import { approving, HELP_DESK, idOf, refusedAs } from '#test/support/approving.ts';

const at = approving('approvals-lapse');
const call: (typeof at)['office']['server']['call'] = (name, request) => at.office.server.call(name, request);
const roleOf = (id: string): string => `of ${id}`;

/** A request that the first one approved. */
async function approved(who = at.asker): Promise<string> {
  await at.rule('keys.reveal', 1);
  const id = idOf(await at.reveal(who));
  assert.equal((await at.approve(at.first, id)).status, 200);
  return id;
}

async function lapsed(id: string, who = at.asker): Promise<void> {
  refusedAs(await at.reveal(who, id), /lost the right/);
  refusedAs(await at.approve(at.second, id), /lost the right/);
  const [event] = (await at.office.server.events('approval-lapsed')).slice(-1);
  assert.equal(event?.['approval'], id);
}

test('a right that comes back brings back no approval of what it was asked for with', async () => {
  const id = await approved();
  await call('setPerson', { id: at.asker, roles: [] });
  await call('setPerson', { id: at.asker, roles: [roleOf(at.asker)] });
  await lapsed(id);
  assert.equal(idOf(await at.reveal(at.asker)) === id, false, 'it is asked for anew');
});

test('nor of what it was approved with, and a request that waits ends as well', async () => {
  const id = await approved();
  await at.rule('keys.reveal', 2);
  const waiting = idOf(await at.reveal(at.asker, undefined, at.other));
  await at.approve(at.first, waiting);
  await call('setPerson', { id: at.first, roles: ['Auditor'] });
  await call('setPerson', { id: at.first, roles: [roleOf(at.first)] });
  for (const one of [id, waiting]) assert.equal((await at.shown(one))['state'], 'lapsed');
});

test('a role that loses a right takes it from all who have it', async () => {
  const id = await approved();
  await call('setRole', { id: roleOf(at.asker), rights: [HELP_DESK[1]!] });
  await call('setRole', { id: roleOf(at.asker), rights: HELP_DESK });
  await lapsed(id);
});

test('an account that was reset, or an approver who was removed, leaves nothing behind', async () => {
  const service = await at.office.add('script', HELP_DESK, { owner: at.third });
  const id = await approved(service);
  await call('resetPerson', { id: service });
  await lapsed(id, service);
  const other = await approved();
  await call('removePerson', { id: at.first });
  assert.equal((await at.office.server.events('approval-lapsed')).at(-1)?.['approval'], other);
});

test('a right that held everywhere, and did not for a while, brings none back either', async () => {
  const { group } = await call('addGroup', { name: 'Lyon' });
  const id = await approved();
  const role = roleOf(at.asker);
  await call('setPerson', { id: at.asker, roles: [role], limits: [{ role, groups: [group.id] }] });
  await call('setPerson', { id: at.asker, roles: [role], limits: [] });
  await lapsed(id);
});

test('what others gain or lose changes nothing', async () => {
  const id = await approved();
  await call('setPerson', { id: at.third, roles: [] });
  await call('setPerson', { id: at.asker, roles: [roleOf(at.asker), 'Auditor'] });
  assert.equal((await at.reveal(at.asker, id)).status, 200);
});

test('what a service account of one’s own service account asks is one’s own', async () => {
  await at.rule('keys.reveal', 1);
  const maker = await at.office.add('maker', RIGHTS, { owner: at.first });
  const made = await at.office.ask(maker, 'POST /people', {
    name: 'made by the maker',
    service: true,
    roles: ['Help desk'],
  });
  const { id: sub } = made.body['person'] as { readonly id: string };
  const request = idOf(await at.reveal(sub));
  refusedAs(await at.approve(at.first, request), /your own/);
  assert.equal((await at.approve(at.second, request)).status, 200);
  await call('removePerson', { id: sub });
});
