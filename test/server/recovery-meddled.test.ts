/** Having keys back while somebody meddles: a link closed on the way, a word taken back, a primary that is hostile or old. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureWords } from '#cli/next-steps.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { REPORT_NAMES_MAX } from '#domain/message-limits.ts';
import type { AnswerOf } from '#protocol/machine-routes.ts';
import { CountedEvents } from '#server/audit/counted-events.ts';
import { Refusals } from '#server/audit/refusals.ts';
import type { HierarchyPorts } from '#server/hierarchy/ports.ts';
import { serveRecovery } from '#server/hierarchy/recovery/serve-recovery.ts';
import { ReportedLinkSettings } from '#server/hierarchy/secondaries/reported-link-settings.ts';
import { OPTIONS_DEFAULT, writeOptions } from '#server/repository/settings.ts';
import { DAMAGE } from '#test/sentences/damage.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { recoveringPair, refusal } from './recovering-pair.ts';

const pair = recoveringPair();

test('a link that is closed at the primary on the way ends it there: a page more does not come', async () => {
  await pair.broughtBy(pair.lyon.name, makeSomeKey());
  await pair.allow();
  pair.meddler = async (name, answer) => {
    if (name === 'recover') await pair.primary.call('setServer', { id: pair.lyon.name.id, dmz: true });
    return answer();
  };
  const returned = (await pair.primary.events('keys-returned')).length;
  assert.equal((await refusal(pair.recover())).code, 'link-closed');
  assert.equal((await pair.primary.events('keys-returned')).length, returned);
});

test('what arrives over a link that was closed meanwhile is not kept', async () => {
  const lost = makeSomeKey();
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.allow();
  pair.meddler = async (name, answer) => {
    const answered = await answer();
    // The row alone: what the transaction that stores has to see, also where no stream was closed.
    const { rows } = pair.lyon.repository;
    if (name === 'recover')
      await pair.lyon.store.write((transaction) => writeOptions(rows, transaction, OPTIONS_DEFAULT));
    return answered;
  };
  assert.equal((await refusal(pair.recover())).code, 'link-closed');
  assert.equal(await pair.lyon.has(lost.key.id), false);
});

test('a permission withdrawn while the audit event is written gives nothing out', async () => {
  const lost = makeSomeKey();
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.allow();
  const { repository, store, clock } = pair.primary;
  const ports = {
    ...repository,
    store,
    clock,
    reported: new ReportedLinkSettings(0),
  } as unknown as HierarchyPorts;
  const refusals = new Refusals(new CountedEvents(repository.audit, clock));
  const member = (await pair.primary.member(pair.lyon.name.id))!;
  const ask = (meanwhile: () => Promise<unknown>) =>
    serveRecovery(
      { ...ports, refusals },
      member,
      async () => {
        await meanwhile();
        return member;
      },
      { ids: [lost.key.id] },
    );
  assert.equal((await ask(async () => {})).outcome, 'keys', 'it would have been given');
  const answer = await ask(() => pair.primary.call('allowRecovery', { id: 'Lyon', off: true }));
  assert.deepEqual(answer, { outcome: 'refused', reason: 'not-allowed', at: pair.primary.name });
});

test('what a hostile primary gives in place of a key is not kept, and told', async () => {
  const [lost, other] = [makeSomeKey(), makeSomeKey()];
  await pair.broughtBy(pair.lyon.name, lost, other);
  await pair.allow();
  pair.meddler = async (name, answer) => {
    const answered = (await answer()) as AnswerOf<'recover'>;
    if (name !== 'recover' || answered.outcome !== 'keys') return answered;
    const [first, ...rest] = answered.keys;
    return {
      ...answered,
      keys: [{ ...first!, material: Buffer.from('another').toString('base64') }, ...rest],
    };
  };
  const report = await pair.recover();
  assert.deepEqual(report.notGiven, [{ id: lost.key.id, reason: 'bad-answer' }]);
  assert.deepEqual([await pair.lyon.has(lost.key.id), await pair.lyon.has(other.key.id)], [false, true]);
});

test('a primary that lists more keys than it gives has some named and the rest counted', async () => {
  const lost = Array.from({ length: REPORT_NAMES_MAX + 50 }, () => makeSomeKey());
  await pair.broughtBy(pair.lyon.name, ...lost);
  await pair.allow();
  pair.meddler = async (name, answer) => {
    const answered = (await answer()) as AnswerOf<'recover'>;
    if (name !== 'recover' || answered.outcome !== 'keys') return answered;
    const notGiven = answered.keys.map(({ key }) => ({ id: key.id, reason: 'unreadable' as const }));
    return { ...answered, keys: [], notGiven };
  };
  const { notGiven, moreNotGiven } = await pair.recover();
  assert.deepEqual([notGiven.length, moreNotGiven], [REPORT_NAMES_MAX, 50]);
});

test('a key that nobody asked for is not kept, and an answer that leads nowhere ends it', async () => {
  const [lost, pushed] = [makeSomeKey(), makeSomeKey()];
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.broughtBy({ id: pair.primary.name.id }, pushed);
  await pair.allow();
  pair.meddler = async (name, answer) =>
    name === 'recover' ? { outcome: 'keys', keys: [wire(pushed)], notGiven: [] } : answer();
  assert.equal((await refusal(pair.recover())).code, 'request-invalid');
  pair.meddler = async (name, answer) =>
    name === 'recoverable' ? { outcome: 'page', keys: [], next: 0, of: 5 } : answer();
  assert.equal((await refusal(pair.recover())).code, 'request-invalid');
  assert.equal(await pair.lyon.has(pushed.key.id), false);
});

function wire({ key, material, blind }: CompleteKey) {
  return {
    key,
    material: Buffer.from(material.expose()).toString('base64'),
    blind: Buffer.from(blind).toString('base64'),
  };
}

test('a primary that does not know the call yet is named, with what to upgrade, and stays connected', async () => {
  pair.meddler = (name, answer) =>
    name === 'recoverable'
      ? Promise.reject(new KeystairError('not-found', 'there is no such call'))
      : answer();
  const error = await refusal(pair.recover());
  assert.equal(error.code, 'protocol-version');
  assert.match(failureWords(error), DAMAGE.tooOld);
  assert.equal((await pair.lyon.call('serverStatus', {})).primary?.state, 'connected');
});
