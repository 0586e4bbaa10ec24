/** Rules of approval and what shows of requests, through the real gate: emergencies, bounds, lists, what an export covers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, write } from '#domain/right.ts';
import { type Answered, OWNER } from '#test/support/approving-office.ts';
import { approving, HELP_DESK, idOf, refusedAs } from '#test/support/approving.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

const at = approving('approval-rules');

test('who may not answer is told why before they try', async () => {
  const id = await at.asked();
  const shown = async (who: string): Promise<unknown[]> => {
    const { body } = await at.office.ask(who, `GET /approvals/${id}`);
    const { mayApprove, because } = body['approval'] as { mayApprove: boolean; because: string };
    return [mayApprove, because];
  };
  assert.deepEqual(await shown(at.asker), [false, 'the right Write on "Approvals" is missing']);
  assert.deepEqual(await shown(at.first), [true, null]);
  assert.equal((await shown(OWNER))[0], false);
  assert.equal((await at.approve(at.asker, id)).code, 'not-allowed');
});

test('whoever lacks the right to see requests sees their own, and not that there are others', async () => {
  const id = await at.asked();
  const outsider = await at.office.add('Outsider', HELP_DESK);
  assert.equal((await at.office.ask(at.asker, `GET /approvals/${id}`)).status, 200);
  assert.equal((await at.office.ask(outsider, `GET /approvals/${id}`)).code, 'not-found');
  assert.deepEqual((await at.office.ask(outsider, 'GET /approvals')).body['approvals'], []);
});

test('a rule that too few people could meet is refused, and the status warns where people left', async () => {
  await at.rule('keys.reveal', 0);
  const set = await at.office.ask(OWNER, 'PUT /approval-rules', { act: 'keys.export', approvers: 4 });
  refusedAs(set, /only 3/);
  await at.rule('keys.export', 3);
  const warnings = async (): Promise<string> =>
    JSON.stringify((await at.office.server.call('serverStatus', {})).warnings);
  assert.doesNotMatch(await warnings(), /asks for 3 approvers/);
  await at.office.remove(at.third);
  assert.match(await warnings(), /asks for 3 approvers, and only 2/);
  await at.rule('keys.export', 0);
});

test('nobody loosens a rule alone, and a rule on rules guards the others', async () => {
  await at.rule('keys.reveal', 1);
  const loosen = { act: 'keys.reveal', approvers: 0 };
  const manager = await at.office.add('Manager', [write('People')]);
  const needed = await at.office.ask(manager, 'PUT /approval-rules', loosen);
  assert.equal(needed.code, 'approval-needed');
  const id = idOf(needed);
  await at.approve(at.first, id);
  const tighten = { act: 'keys.reveal', approvers: 2 };
  assert.equal(
    (await at.office.ask(manager, 'PUT /approval-rules', tighten)).status,
    200,
    'tightening is free',
  );
  refusedAs(
    await at.office.ask(manager, 'PUT /approval-rules', loosen, { 'keystair-approval': id }),
    /2 approvals are needed/,
  );
  await at.rule('approvals.rules', 1);
  const more = await at.office.ask(manager, 'PUT /approval-rules', { act: 'keys.reveal', approvers: 3 });
  assert.equal(more.code, 'approval-needed');
  await at.rule('approvals.rules', 0);
});

test('an export that was approved covers what there was when it was asked for', async () => {
  await at.rule('keys.export', 1);
  const custodian = await at.office.add('Custodian', [read('Encryption key management')]);
  const [recipient] = (await at.office.server.call('serverStatus', {})).recipients;
  const call = (headers = {}): Promise<Answered> =>
    at.office.ask(
      custodian,
      'POST /keys/exports',
      { recipient },
      { 'keystair-reason': 'the%20move', ...headers },
    );
  const id = idOf(await call());
  const { body } = await at.office.ask(at.first, `GET /approvals/${id}`);
  const { keys, upTo, reason } = body['approval'] as { keys: number; upTo: number; reason: string };
  assert.deepEqual([keys, upTo, reason], [2, 2, 'the move']);
  await at.office.server.record(makeSomeKey());
  await at.approve(at.first, id);
  const started = await call({ 'keystair-approval': id });
  const { download } = started.body as { download: string };
  await at.office.ask(custodian, `GET ${download.replace('/api/v1', '')}`);
  const [exported] = await at.office.server.events('export-started');
  assert.equal(exported!['keys'], 2);
  await at.rule('keys.export', 0);
});

test('an emergency is loud, is no ordinary approval, and two people have to acknowledge it', async () => {
  const id = await at.asked();
  refusedAs(await at.approve(OWNER, id), /only in an emergency/);
  assert.equal((await at.answer(at.first, id, 'emergency', { reason: 'now' })).code, 'not-allowed');
  assert.equal((await at.answer(OWNER, id, 'emergency')).code, 'invalid-argument');
  assert.equal((await at.answer(OWNER, id, 'emergency', { reason: 'nobody answers' })).status, 200);
  const [loud] = (await at.office.server.events('approval-emergency')).slice(-1);
  assert.deepEqual([loud!['approval'], loud!['reason']], [id, 'nobody answers']);
  assert.equal((await at.reveal(at.asker, id)).status, 200);
  const emergency = async (): Promise<Record<string, unknown>> => {
    const { body } = await at.office.ask(at.first, `GET /approvals/${id}`);
    return (body['approval'] as { emergency: Record<string, unknown> }).emergency;
  };
  const warned = async (): Promise<boolean> =>
    (await at.office.server.call('serverStatus', {})).warnings.some(({ sentence }) =>
      /^EMERGENCY: .* nobody answers$/.test(sentence),
    );
  assert.equal((await emergency())['reason'], 'nobody answers');
  assert.equal(await warned(), true);
  refusedAs(await at.answer(OWNER, id, 'acknowledge'), /known by name/);
  await at.answer(at.first, id, 'acknowledge');
  refusedAs(await at.answer(at.first, id, 'acknowledge'), /already/);
  assert.equal(await warned(), true);
  await at.answer(at.second, id, 'acknowledge');
  assert.equal(await warned(), false);
  assert.equal((await emergency())['reason'], 'nobody answers', 'and it shows for ever');
});

test('requests of one person are bounded', async () => {
  await at.rule('keys.reveal', 1);
  const codes: unknown[] = [];
  for (let time = 0; time < 21; time += 1)
    codes.push((await at.reveal(at.asker, undefined, at.key, `reason ${time}`)).code);
  assert.deepEqual([...new Set(codes.slice(0, 20))], ['approval-needed']);
  assert.equal(codes[20], 'later');
  assert.equal((await at.reveal(at.first)).code, 'approval-needed', 'of this one only');
});

test('the list has everything there ever was, page by page, the newest at.first, and filters it', async () => {
  const all: { id: string; state: string; act: string }[] = [];
  for (let after = ''; ; ) {
    const { body } = await at.office.ask(
      at.first,
      `GET /approvals?limit=7${after === '' ? '' : `&after=${after}`}`,
    );
    const { approvals, next } = body as unknown as { approvals: typeof all; next: string | null };
    assert.ok(approvals.length <= 7);
    all.push(...approvals);
    if (next === null) break;
    after = next;
  }
  const requested = await at.office.server.events('approval-requested');
  assert.deepEqual(
    all.map(({ id }) => id).toSorted(),
    requested.map((event) => String(event['approval'])).toSorted(),
  );
  assert.deepEqual(
    all.map(({ id }) => id),
    all.map(({ id }) => id).toSorted(),
  );
  for (const filter of ['state=used', 'state=denied', 'act=approvals.rules']) {
    const [field, value] = filter.split('=') as ['state' | 'act', string];
    const { body } = await at.office.ask(at.first, `GET /approvals?${filter}`);
    assert.deepEqual(
      (body['approvals'] as typeof all).map(({ id }) => id),
      all.filter((one) => one[field] === value).map(({ id }) => id),
    );
  }
});

test('rules that were altered in the database let nothing pass', async () => {
  const { store } = at.office.server;
  const row = (await store.reader.row('setting', 'approval-rules'))!;
  await store.write((transaction) => transaction.putRow({ ...row, body: '{"rules":{}}' }));
  assert.equal((await at.reveal(at.asker)).code, 'row-untrusted');
  await store.write((transaction) => transaction.putRow(row));
});
