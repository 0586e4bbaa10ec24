/** A second pair of eyes, through the real gate: who may answer, and that an approval serves once, for exactly what was asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from '#domain/right.ts';
import { MAY_APPROVE, OWNER } from '#test/support/approving-office.ts';
import { approving, HELP_DESK, idOf, refusedAs } from '#test/support/approving.ts';

const HOUR = 3_600_000;
const at = approving('approvals');

test('without a rule nobody is asked', async () => {
  await at.rule('keys.reveal', 0);
  assert.equal((await at.reveal(at.asker)).status, 200);
});

test('a rule stops the act, and another person lets it pass once', async () => {
  const id = await at.asked();
  assert.equal((await at.shown(id))['state'], 'waiting');
  refusedAs(await at.reveal(at.asker, id), /not approved yet/);
  assert.equal((await at.approve(at.first, id)).status, 200);
  assert.equal((await at.shown(id))['state'], 'approved');
  assert.equal((await at.reveal(at.asker, id)).status, 200);
  assert.equal((await at.shown(id))['state'], 'used');
  refusedAs(await at.reveal(at.asker, id), /used already/);
  const used = (await at.office.server.events('approval-used')).at(-1)!;
  assert.deepEqual(
    [used['approval'], used['by'], used['approvedBy']],
    [id, `person:${at.asker} Asker`, [at.first]],
  );
});

test('asking for the same again is the same request, and for something else another', async () => {
  const id = await at.asked();
  assert.equal(idOf(await at.reveal(at.asker)), id);
  assert.notEqual(idOf(await at.reveal(at.asker, undefined, at.other)), id);
  assert.notEqual(idOf(await at.reveal(at.first)), id, 'somebody else asks for themselves');
  await at.approve(at.second, id);
  assert.equal(idOf(await at.reveal(at.asker)), id, 'one that is approved is named as such');
});

test('an approval serves no other parameters, no other call and nobody else', async () => {
  const id = await at.asked();
  await at.approve(at.first, id);
  refusedAs(await at.reveal(at.asker, id, at.other), /other parameters/);
  refusedAs(await at.reveal(at.asker, id, at.key, 'another reason'), /other parameters/);
  refusedAs(await at.reveal(at.first, id), /somebody else/);
  refusedAs(await at.reveal(OWNER, id), /somebody else/);
  await at.rule('hierarchy.remove', 0);
  const asOwner = await at.office.ask(
    OWNER,
    'POST /keys/exports',
    { recipient: 'age1notused' },
    { 'keystair-approval': id },
  );
  refusedAs(asOwner, /somebody else/);
  assert.equal((await at.reveal(at.asker, id)).status, 200, 'and is not used up by those attempts');
});

test('nobody approves their own request, by whatever account', async () => {
  await at.rule('keys.reveal', 1);
  const service = await at.office.add('script', [...HELP_DESK, MAY_APPROVE], { owner: at.first });
  const ofService = idOf(await at.reveal(service));
  refusedAs(await at.approve(at.first, ofService), /your own/);
  refusedAs(await at.approve(service, ofService), /never answers/);
  const own = idOf(await at.reveal(at.first));
  refusedAs(await at.approve(at.first, own), /their own request/);
  refusedAs(await at.approve(service, own), /never answers/);
  assert.equal((await at.approve(at.second, ofService)).status, 200);
  // The account changes hands after it asked: whoever owned it then is no other person.
  await at.office.change(service, { owner: at.second });
  refusedAs(await at.reveal(service, ofService), /0 of those/);
});

test('two uses at once: one is done', async () => {
  const id = await at.asked();
  await at.approve(at.first, id);
  const both = await Promise.all([at.reveal(at.asker, id), at.reveal(at.asker, id)]);
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 409],
  );
});

test('as many as the rule asks for, each once', async () => {
  await at.rule('keys.reveal', 2);
  const id = idOf(await at.reveal(at.asker));
  await at.approve(at.first, id);
  refusedAs(await at.approve(at.first, id), /already/);
  refusedAs(await at.reveal(at.asker, id), /not approved yet/);
  await at.approve(at.second, id);
  assert.equal((await at.reveal(at.asker, id)).status, 200);
});

test('an approver who is removed, or loses the right, counts no more', async () => {
  const id = await at.asked();
  await at.approve(at.second, id);
  await at.office.change(at.second, { rights: [read('Approvals')] });
  refusedAs(await at.reveal(at.asker, id), /0 of those/);
  await at.office.change(at.second, { rights: [MAY_APPROVE] });
  await at.office.remove(at.second);
  refusedAs(await at.reveal(at.asker, id), /0 of those/);
});

test('an approver whose provider was taken out of the configuration counts no more', async () => {
  const id = await at.asked();
  await at.approve(at.second, id);
  await at.office.change(at.second, { provider: 'gone' });
  refusedAs(await at.reveal(at.asker, id), /0 of those/);
  await at.office.change(at.first, { provider: 'gone' });
  refusedAs(await at.approve(at.first, idOf(await at.reveal(at.asker))), /right Write on "Approvals"/);
  await at.office.change(at.third, { provider: 'gone' });
  const { warnings } = await at.office.server.call('serverStatus', {});
  assert.ok(
    warnings.some(({ sentence }) => sentence.startsWith('keys.reveal asks for 1')),
    JSON.stringify(warnings),
  );
});

test('a requester who lost the right is not let in by an approval', async () => {
  const id = await at.asked();
  await at.approve(at.first, id);
  await at.office.change(at.asker, { rights: [] });
  assert.equal((await at.reveal(at.asker, id)).code, 'not-allowed');
});

test('a rule that became stricter holds for what was approved before; a laxer one does not', async () => {
  const id = await at.asked();
  await at.approve(at.first, id);
  await at.rule('keys.reveal', 2);
  refusedAs(await at.reveal(at.asker, id), /2 approvals are needed/);
  const two = idOf(await at.reveal(at.asker));
  assert.notEqual(two, id, 'what no longer serves is asked for anew');
  await at.approve(at.first, two);
  await at.rule('keys.reveal', 1);
  refusedAs(await at.reveal(at.asker, two), /not approved yet/);
  await at.rule('keys.reveal', 0);
  refusedAs(await at.reveal(at.asker, two), /not approved yet/);
  assert.equal((await at.reveal(at.asker)).status, 200);
});

test('requests and approvals expire, and a clock that is set back revives none', async () => {
  const id = await at.asked();
  at.office.server.clock.aheadMs += 25 * HOUR;
  assert.equal((await at.shown(id))['state'], 'expired');
  refusedAs(await at.approve(at.first, id), /has expired/);
  const next = idOf(await at.reveal(at.asker));
  assert.notEqual(next, id);
  await at.approve(at.first, next);
  at.office.server.clock.aheadMs += HOUR;
  refusedAs(await at.reveal(at.asker, next), /has expired/);
  // The refusal is in the audit log with that time.
  at.office.server.clock.aheadMs -= HOUR;
  refusedAs(await at.reveal(at.asker, next), /has expired/);
  at.office.server.clock.aheadMs += HOUR;
});

test('one denial ends it, and nothing opens it again', async () => {
  await at.rule('keys.reveal', 2);
  const id = idOf(await at.reveal(at.asker));
  await at.approve(at.first, id);
  assert.equal((await at.answer(at.second, id, 'deny', { reason: 'not today' })).status, 200);
  assert.equal((await at.shown(id))['state'], 'denied');
  refusedAs(await at.approve(at.third, id), /it was denied: not today/);
  refusedAs(await at.reveal(at.asker, id), /denied/);
  refusedAs(await at.answer(OWNER, id, 'emergency', { reason: 'now' }), /denied/);
  refusedAs(await at.answer(at.asker, id, 'withdraw'), /denied/);
});

test('whoever asked withdraws, others do not', async () => {
  const id = await at.asked();
  refusedAs(await at.answer(at.first, id, 'withdraw'), /somebody else/);
  await at.approve(at.first, id);
  assert.equal((await at.answer(at.asker, id, 'withdraw')).status, 200);
  refusedAs(await at.reveal(at.asker, id), /withdrawn/);
});

test('approving wants a fresh sign-in', async () => {
  const id = await at.asked();
  at.office.stale.add(at.first);
  assert.equal((await at.approve(at.first, id)).code, 'sign-in-stale');
});
