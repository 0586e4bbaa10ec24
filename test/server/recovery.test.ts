/** What a primary gives back to a secondary that lost keys: to whom, which, when, and what it says where it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureWords, noticeWords } from '#cli/next-steps.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { RECOVERY_MS_DEFAULT, RECOVERY_PAGE_KEYS } from '#domain/limits.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import { type PlayedSecondary, playSecondary } from '#test/support/played-secondary.ts';
import { joinInProcess } from '#test/support/server-in-process.ts';
import { DAMAGE } from '#test/sentences/damage.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { recoveringPair, refusal } from './recovering-pair.ts';

const pair = recoveringPair();

test('what came from a secondary, or was made on its devices, comes back to it, and nothing else', async () => {
  const lost = makeSomeKey();
  const madeThere = makeSomeKey({ origin: pair.lyon.name.id });
  const foreign = makeSomeKey();
  const kept = makeSomeKey();
  await pair.lyon.record(kept);
  await pair.lyon.call('heartbeatNow', {});
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.broughtBy({ id: pair.primary.name.id }, madeThere, foreign);
  await pair.allow();
  const report = await pair.recover();
  assert.deepEqual(report, {
    primary: pair.primary.name,
    new: 2,
    known: (await pair.lyon.store.reader.head()).seq - 2,
    notGiven: [],
  });
  assert.deepEqual(
    await Promise.all([lost, madeThere, foreign, kept].map(({ key }) => pair.lyon.has(key.id))),
    [true, true, false, true],
  );
  const row = await pair.lyon.store.reader.keyById(kept.key.id);
  assert.match(row?.receivedFrom ?? '', /^device:/, 'what was known stays as it was');
  const again = await pair.recover();
  assert.deepEqual([again.new, again.notGiven], [0, []], 'a second time changes nothing');
  assert.equal((await pair.lyon.call('verify', {})).ok, true);
});

test('both ends have it in their audit logs, the primary which keys and how many', async () => {
  const [one, two] = [makeSomeKey(), makeSomeKey()];
  await pair.broughtBy(pair.lyon.name, one);
  await pair.broughtBy({ id: pair.primary.name.id }, makeSomeKey());
  await pair.broughtBy(pair.lyon.name, two);
  const { seq } = await pair.primary.store.reader.head();
  await pair.allow();
  await pair.recover();
  const returned = (await pair.primary.events('keys-returned')).at(-1)!;
  assert.equal(returned['by'], `secondary:${pair.lyon.name.id}`);
  assert.deepEqual([returned['from'], returned['to'], returned['keys']], [seq - 2, seq, 2]);
  assert.equal((await pair.primary.events('recovery-allowed')).at(-1)!['secondary'], pair.lyon.name.id);
  const started = (await pair.lyon.events('recovery-started')).at(-1)!;
  assert.equal(started['primary'], pair.primary.name.id);
  const ended = (await pair.lyon.events('recovery-ended')).at(-1)!;
  assert.deepEqual([ended['outcome'], ended['recorded']], ['completed', 2]);
});

test('without the word of an administrator of the primary nothing comes back, and the refusal says whose word', async () => {
  const lost = makeSomeKey();
  await pair.broughtBy(pair.lyon.name, lost);
  const error = await refusal(pair.recover());
  assert.equal(error.code, 'not-allowed');
  assert.match(failureWords(error), DAMAGE.allowedByAdministrator);
  assert.equal(await pair.lyon.has(lost.key.id), false);
  assert.equal((await pair.primary.events('recovery-refused')).at(-1)!['secondary'], pair.lyon.name.id);
  assert.equal((await pair.lyon.events('recovery-ended')).at(-1)!['outcome'], 'broken-off');
});

test('the permission ends by itself, on withdrawal, and where a clock was set back to before it', async () => {
  const lost = makeSomeKey();
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.allow();
  assert.match(
    (await pair.primary.call('serverStatus', {})).warnings.map(noticeWords).join(),
    DAMAGE.mayRecover,
  );
  for (const aheadMs of [RECOVERY_MS_DEFAULT + 1000, -60_000]) {
    pair.primary.clock.aheadMs = aheadMs;
    assert.equal((await refusal(pair.recover())).code, 'not-allowed');
    assert.doesNotMatch(
      (await pair.primary.call('serverStatus', {})).warnings.map(noticeWords).join(),
      DAMAGE.recoverItsKeys,
    );
  }
  pair.primary.clock.aheadMs = 0;
  await pair.primary.call('allowRecovery', { id: 'Lyon', off: true });
  assert.equal((await refusal(pair.recover())).code, 'not-allowed');
  assert.equal(await pair.lyon.has(lost.key.id), false);
});

test('the permission ends when the secondary is removed: it does not wait for one that joins anew', async () => {
  const lost = makeSomeKey();
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.allow();
  await pair.primary.call('removeServer', { id: 'Lyon' });
  await joinInProcess(pair.lyon, pair.primary);
  assert.equal((await refusal(pair.recover())).code, 'not-allowed');
  assert.equal(await pair.lyon.has(lost.key.id), false);
});

test('a permission that was written into the database is none', async () => {
  const lost = makeSomeKey();
  await pair.broughtBy(pair.lyon.name, lost);
  await pair.allow();
  const row = (await pair.primary.store.reader.row('recovery', pair.lyon.name.id))!;
  await pair.primary.call('allowRecovery', { id: 'Lyon', off: true });
  const longer = row.body.replace(/"expiresAt":"2/, '"expiresAt":"3');
  assert.notEqual(longer, row.body);
  await pair.primary.store.write((transaction) => transaction.putRow({ ...row, body: longer }));
  assert.equal((await refusal(pair.recover())).code, 'not-allowed');
  const { problems } = await pair.primary.call('verify', {});
  assert.ok(problems.some((problem) => problem.sentence.includes(`recovery ${pair.lyon.name.id}`)));
});

for (const [words, shut, says] of [
  [
    'the option off at the primary',
    () => pair.primary.call('changeSettings', { useHierarchy: false }),
    /the option .* is off at Above.*keystair keys export/,
  ],
  [
    'the option off here',
    () => pair.lyon.call('changeSettings', { useHierarchy: false }),
    /the option .* is off at Lyon.*keystair keys export/,
  ],
  [
    'a DMZ mark at the primary',
    () => pair.primary.call('setServer', { id: pair.lyon.name.id, dmz: true }),
    /marked DMZ.*keystair keys export.*keystair keys import/,
  ],
  [
    'a DMZ mark here',
    () => pair.lyon.call('setServer', { id: pair.primary.name.id, dmz: true }),
    /marked DMZ.*keystair keys export.*keystair keys import/,
  ],
] as const) {
  test(`over a link with ${words} nothing comes back, allowed or not, and the refusal names the file`, async () => {
    const lost = makeSomeKey();
    await pair.broughtBy(pair.lyon.name, lost);
    await pair.allow();
    await shut();
    const error = await refusal(pair.recover());
    assert.equal(error.code, 'link-closed');
    assert.match(failureWords(error), says);
    assert.equal(await pair.lyon.has(lost.key.id), false);
  });
}

test('a secondary that may have its own keys back gets no word of those of a neighbour', async () => {
  const oslo: PlayedSecondary = await playSecondary(pair.primary, 'oslo');
  await oslo.heartbeat();
  const [own, neighbours] = [makeSomeKey(), makeSomeKey()];
  await pair.broughtBy(oslo, own);
  await pair.broughtBy(pair.lyon.name, neighbours);
  await pair.primary.call('allowRecovery', { id: oslo.id });
  const list = await oslo.calls.call('recoverable', { after: 0 });
  assert.deepEqual(list.outcome === 'page' && list.keys.map(({ id }) => id), [own.key.id]);
  const given = await oslo.calls.call('recover', { ids: [neighbours.key.id, own.key.id] });
  assert.ok(given.outcome === 'keys');
  assert.deepEqual(
    given.keys.map(({ key }) => key.id),
    [own.key.id],
  );
  assert.deepEqual(given.notGiven, [{ id: neighbours.key.id, reason: 'unknown' }]);
  // Allowed to Oslo is not allowed to Lyon.
  assert.equal((await refusal(pair.recover())).code, 'not-allowed');
});

test('a run that broke off goes on where it stopped, and asks for nothing twice', async () => {
  const lost = Array.from({ length: 2 * RECOVERY_PAGE_KEYS + 50 }, () => makeSomeKey());
  await pair.broughtBy(pair.lyon.name, ...lost);
  await pair.allow();
  let pages = 0;
  pair.meddler = (name, answer) => {
    if (name === 'recover') pages += 1;
    if (pages === 2) return Promise.reject(new KeystairError('server-unreachable', 'the line was cut'));
    return answer();
  };
  assert.equal((await refusal(pair.recover())).code, 'server-unreachable');
  const there = await Promise.all(lost.map(({ key }) => pair.lyon.has(key.id)));
  assert.equal(there.filter(Boolean).length, RECOVERY_PAGE_KEYS, 'a page that was recorded stays');
  pair.meddler = undefined;
  pair.asked.length = 0;
  assert.equal((await pair.recover()).new, RECOVERY_PAGE_KEYS + 50);
  assert.equal(pair.asked.filter((name) => name === 'recover').length, 2);
  assert.equal((await pair.lyon.call('verify', {})).ok, true);
});

test('keys at the limit of their size come in as many answers as they need', async () => {
  const large = Array.from({ length: 300 }, () => makeSomeKey({}, new Uint8Array(4096).fill(7)));
  await pair.broughtBy(pair.lyon.name, ...large);
  await pair.allow();
  assert.equal((await pair.recover()).new, 300);
  assert.ok(pair.asked.filter((name) => name === 'recover').length > 1);
});

test('a record that is damaged at the primary too is told, and all others come', async () => {
  const [damaged, sound] = [makeSomeKey(), makeSomeKey()];
  await pair.broughtBy(pair.lyon.name, damaged, sound);
  const row = (await pair.primary.store.reader.keyById(damaged.key.id))!;
  await pair.primary.store.write((transaction) =>
    transaction.replaceSealed([{ seq: row.seq, sealed: new Uint8Array(row.sealed.length) }]),
  );
  await pair.allow();
  const report = await pair.recover();
  assert.deepEqual(report.notGiven, [{ id: damaged.key.id, reason: 'unreadable' }]);
  assert.equal(await pair.lyon.has(sound.key.id), true);
});

test('a server without a primary is told where else its keys may be', async () => {
  const error = await refusal(pair.primary.call('recoverFromPrimary', {}));
  assert.equal(codeOf(error), 'no-primary');
  assert.match(failureWords(error), SHOWN.byHand);
});
