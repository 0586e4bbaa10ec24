/** An approval of a change of people is for what its names and roles meant when it was asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, type RequiredRight, RIGHTS, write } from '#domain/right.ts';
import { putRole } from '#server/people/role-rows.ts';
import { MAY_APPROVE, OWNER } from '#test/support/approving-office.ts';
import { approving, idOf, refusedAs } from '#test/support/approving.ts';

const at = approving('approvals-meaning');

/** A rule for changes of people, and somebody with every right who is stopped by it. */
async function managed() {
  const manager = await at.office.add('Manager', RIGHTS);
  await at.rule('people.change', 1);
  const ask = (line: string, body?: object, approval?: string) =>
    at.office.ask(manager, line, body, approval === undefined ? {} : { 'keystair-approval': approval });
  const approved = async (line: string, body?: object): Promise<string> => {
    const id = idOf(await ask(line, body));
    assert.equal((await at.approve(at.first, id)).status, 200);
    return id;
  };
  return { ask, approved };
}

const role = (name: string, ...rights: readonly RequiredRight[]): Promise<void> => {
  const { store, repository } = at.office.server;
  return store.write((transaction) => putRole(repository.rows, transaction, { name, rights }));
};

test('the order of roles says nothing', async () => {
  const { ask, approved } = await managed();
  const line = `PATCH /people/${at.third}`;
  const id = await approved(line, { roles: ['Auditor', 'Approver'] });
  assert.equal(idOf(await ask(line, { roles: ['Approver', 'Auditor'] })), id);
  assert.equal((await ask(line, { roles: ['Approver', 'Auditor', 'Approver'] }, id)).status, 200);
});

test('a name that is another person by now is not the one that was meant', async () => {
  const { ask, approved } = await managed();
  const [removing, resetting] = [
    await approved('DELETE /people/Third'),
    await approved('PATCH /people/Third', { roles: ['Auditor'] }),
  ];
  await at.office.remove(at.third);
  await at.office.add('Third', [MAY_APPROVE]);
  refusedAs(await ask('DELETE /people/Third', undefined, removing), /has changed/);
  refusedAs(await ask('PATCH /people/Third', { roles: ['Auditor'] }, resetting), /has changed/);
});

test('a role that gives more by now was not approved', async () => {
  const { ask, approved } = await managed();
  await role('Night shift', read('Key register'));
  const body = { roles: ['Night shift'] };
  const [giving, adding] = [
    await approved(`PATCH /people/${at.third}`, body),
    await approved('POST /people', { name: 'Robot', service: true, ...body }),
  ];
  await role('Night shift', read('Key register'), write('Key reveal'));
  refusedAs(await ask(`PATCH /people/${at.third}`, body, giving), /has changed/);
  refusedAs(await ask('POST /people', { name: 'Robot', service: true, ...body }, adding), /has changed/);
});

test('a role that somebody else has by now was not approved to grow for them', async () => {
  const { ask, approved } = await managed();
  await role('Night shift', read('Key register'));
  const body = { rights: [read('Key register'), write('Key reveal')] };
  const growing = await approved('PATCH /roles/Night%20shift', body);
  const giving = await approved(`PATCH /people/${at.third}`, { roles: ['Night shift'] });
  assert.equal((await ask(`PATCH /people/${at.third}`, { roles: ['Night shift'] }, giving)).status, 200);
  refusedAs(await ask('PATCH /roles/Night%20shift', body, growing), /has changed/);
});

test('a role that is not there is asked of nobody', async () => {
  const { ask } = await managed();
  assert.equal((await ask(`PATCH /people/${at.third}`, { roles: ['None'] })).code, 'not-found');
  await at.rule('people.change', 0);
  assert.equal(
    (await at.office.ask(OWNER, `PATCH /people/${at.third}`, { roles: ['None'] })).code,
    'not-found',
  );
});
