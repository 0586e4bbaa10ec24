/** What people ask of the audit log: its events, proofs, a verification, and to acknowledge a gap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyNote } from '#crypto/note-keys.ts';
import { leafHash, verifyInclusion } from '#domain/merkle-tree.ts';
import { parseVerifierKey } from '#domain/signed-note.ts';
import type { PeopleAnswer } from '#protocol/people/people-routes.ts';
import { AUDIT } from '#test/sentences/audit.ts';
import { PlayedLog } from '#test/support/played-log.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { damagedServers } from './damaged-server.ts';

const servers = damagedServers(async () => {
  await servers.lyon.call('heartbeatNow', {});
});

async function addLines({ store, repository }: ServerInProcess, primaries: readonly string[]): Promise<void> {
  await store.write((transaction) =>
    repository.audit.append(
      transaction,
      primaries.map((primary) => ({ event: 'recovery-started' as const, by: 'server', primary })),
    ),
  );
}

async function everyEvent(
  server: ServerInProcess,
  wanted: {
    readonly find?: string;
    readonly since?: string;
    readonly until?: string;
    readonly limit?: number;
  },
): Promise<{ readonly numbers: number[]; readonly pages: number }> {
  const numbers: number[] = [];
  for (let after: string | undefined, pages = 1; ; pages += 1) {
    const page: PeopleAnswer<'listAudit'> = await server.call('listAudit', { ...wanted, after });
    numbers.push(...page.events.map(({ number }) => number));
    if (page.next === null) return { numbers, pages };
    assert.notEqual(page.next, after, 'a page goes on');
    after = page.next;
  }
}

test('events are listed page by page, each once, with the exact line that is hashed', async () => {
  const oslo = await openServer('Oslo', { heartbeats: false });
  await addLines(
    oslo,
    Array.from({ length: 30 }, (_, at) => `P${at}`),
  );
  const { seq } = await oslo.store.reader.auditHead();
  assert.deepEqual(await everyEvent(oslo, { limit: 7 }), {
    numbers: Array.from({ length: seq }, (_, at) => at + 1),
    pages: Math.ceil(seq / 7),
  });
  const { events } = await oslo.call('listAudit', {});
  const rows = await oslo.store.reader.auditAfter(0, 1000);
  assert.deepEqual(
    events.map(({ line }) => line),
    rows.map(({ event }) => event),
  );
  const { number, event, by } = events[0]!;
  assert.deepEqual([number, event, by], [1, 'server-created', 'server']);
});

test('a line of another release, whose event this one does not know, is listed, found and verified', async () => {
  const oslo = await openServer('Oslo', { heartbeats: false });
  const event = { event: 'key-mended', by: 'local administrator', key: 'K', number: 1, from: 'here' };
  await oslo.store.write((transaction) => oslo.repository.audit.append(transaction, [event as never]));
  const { events } = await oslo.call('listAudit', { find: 'key-mended' });
  assert.equal((JSON.parse(events.at(-1)!.line) as typeof event).event, 'key-mended');
  assert.deepEqual((await oslo.call('verifyAudit', {})).problems, []);
});

test('events are found by text in any case and by time, and nothing else is', async () => {
  const oslo = await openServer('Oslo', { heartbeats: false });
  oslo.clock.aheadMs = Date.parse('2030-01-01T00:00:00Z') - Date.now();
  await addLines(oslo, ['Needle', 'hay']);
  oslo.clock.aheadMs += 24 * 60 * 60 * 1000;
  await addLines(oslo, ['needle', 'hay']);
  const base = (await oslo.store.reader.auditHead()).seq - 4;
  const found = async (wanted: Parameters<typeof everyEvent>[1]) =>
    (await everyEvent(oslo, wanted)).numbers.map((number) => number - base);
  assert.deepEqual(await found({ find: 'NEEDLE' }), [1, 3]);
  assert.deepEqual(await found({ find: 'needle', since: '2030-01-02T00:00:00Z' }), [3]);
  assert.deepEqual(await found({ since: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' }), [1, 2]);
  assert.deepEqual(await found({ find: 'nowhere' }), []);
});

test('a search through a long log says after each page how far it looked, and holds nobody up', async () => {
  const oslo = await openServer('Oslo', { heartbeats: false });
  await addLines(
    oslo,
    Array.from({ length: 120_000 }, () => 'hay'),
  );
  await addLines(oslo, ['needle']);
  const { seq } = await oslo.store.reader.auditHead();
  const first = await oslo.call('listAudit', { find: 'needle' });
  assert.deepEqual([first.events, first.next, first.searched], [[], '50000', 50_000]);
  await assert.rejects(oslo.call('listAudit', { after: 'x' }), { code: 'invalid-argument' });
  const { numbers, pages } = await everyEvent(oslo, { find: 'needle' });
  assert.deepEqual([numbers, pages], [[seq], 3]);
});

test('a line is proved by a few hashes and a signed checkpoint, and no line that is not there', async () => {
  const oslo = await openServer('Oslo', { heartbeats: false });
  await addLines(
    oslo,
    Array.from({ length: 300 }, () => 'x'),
  );
  const proof = await oslo.call('auditProof', { id: 7 });
  const keys = proof.keys.map((key) => parseVerifierKey(key)!);
  const { checkpoint } = verifyNote(proof.checkpoint, keys)!;
  assert.equal(checkpoint.size, proof.size);
  const hashes = proof.hashes.map((hash) => Buffer.from(hash, 'base64'));
  assert.ok(verifyInclusion(6, checkpoint.size, leafHash(proof.line), hashes, checkpoint.root));
  assert.match(proof.proof, /^c2sp\.org\/tlog-proof@v1\nindex 6\n(?:[A-Za-z0-9+/]{43}=\n)+\nkeystair\//);
  for (const id of [0, proof.size + 1])
    await assert.rejects(oslo.call('auditProof', { id }), { code: 'not-found' });
  const { auditKey, audit } = await oslo.call('serverStatus', {});
  assert.equal(auditKey, proof.keys[0]);
  assert.deepEqual(audit, { lines: proof.size, countersigned: null, witnessed: [], forwarding: [] });
});

const DAMAGES: readonly (readonly [what: string, sql: string, said: RegExp])[] = [
  [
    'an edited line',
    `UPDATE audit SET event = replace(event, '"by"', '"bx"') WHERE seq = 3`,
    AUDIT.lineThree,
  ],
  ['a line that was taken out', 'DELETE FROM audit WHERE seq = 2', AUDIT.lacksLineTwo],
  ['the last line cut off', 'DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)', AUDIT.truncated],
  [
    'a line added at the end',
    `INSERT INTO audit SELECT max(seq) + 1, '{"at":"x"}', x'', mac FROM audit`,
    AUDIT.altered,
  ],
  [
    'two lines that changed places',
    'UPDATE audit SET event = (SELECT event FROM audit AS other WHERE other.seq = 5 - audit.seq) WHERE seq IN (2, 3)',
    AUDIT.altered,
  ],
];
for (const [what, sql, said] of DAMAGES) {
  test(`${what}: a verification of the log says so, and that of the server too`, async () => {
    const { lyon } = servers;
    await lyon.call('auditCheckpoint', {});
    const whole = await lyon.call('verifyAudit', {});
    assert.deepEqual([whole.ok, whole.problems], [true, []]);
    assert.equal(whole.size, (await lyon.store.reader.auditHead()).seq);
    const putBack = servers.keep(lyon, 'audit');
    servers.alter(lyon, sql);
    const found = await lyon.call('verifyAudit', {});
    const all = await lyon.call('verify', {});
    putBack();
    for (const { ok, problems } of [found, all]) {
      assert.equal(ok, false);
      assert.match(problems.map(({ sentence }) => sentence).join('\n'), said);
    }
    assert.equal((await lyon.call('verifyAudit', {})).root, whole.root);
  });
}

test('an altered tile is told and made again by a repair; the lines stay proved', async () => {
  const { lyon } = servers;
  await addLines(
    lyon,
    Array.from({ length: 600 }, () => 'x'),
  );
  servers.alter(lyon, 'UPDATE audit_tiles SET hashes = zeroblob(8192) WHERE level = 0 AND n = 1');
  const { problems } = await lyon.call('verifyAudit', {});
  assert.deepEqual(
    problems.map(({ step }) => step?.name),
    ['make-tree-again'],
  );
  assert.equal((await lyon.call('verify', { repair: true })).ok, true);
  assert.deepEqual((await lyon.call('verifyAudit', {})).problems, []);
});

test('one altered line behind a full tile is named alone, and everything after it is proved', async () => {
  const { lyon } = servers;
  await addLines(
    lyon,
    Array.from({ length: 600 }, () => 'x'),
  );
  const putBack = servers.keep(lyon, 'audit');
  servers.alter(lyon, `UPDATE audit SET event = event || ' ' WHERE seq IN (30, 400)`);
  const { problems } = await lyon.call('verifyAudit', {});
  putBack();
  assert.deepEqual(
    problems.map(({ sentence }) => sentence),
    [30, 400].map(AUDIT.alteredLine),
  );
});

test('no checkpoint is signed of a log that does not continue the last one, and the status says why', async () => {
  const { lyon } = servers;
  await lyon.call('auditCheckpoint', {});
  // A new process would read what is in the database.
  servers.alter(lyon, `UPDATE audit_tiles SET hashes = zeroblob(length(hashes)) WHERE level = 1`);
  await addLines(lyon, ['x']);
  await assert.rejects(lyon.call('auditCheckpoint', {}), { code: 'data-damaged' });
  const { warnings } = await lyon.call('serverStatus', {});
  assert.ok(warnings.some(({ sentence }) => AUDIT.doesNotContinue.test(sentence)));
  await lyon.call('heartbeatNow', {});
  assert.equal((await lyon.call('verify', { repair: true })).ok, true);
  await lyon.call('auditCheckpoint', {});
});

test('a gap stands in the status until it is acknowledged, and then the next checkpoint is the first', async () => {
  const above = await openServer('Above', { heartbeats: false });
  const branch = await playSecondary(above, 'Lyon');
  const log = new PlayedLog(branch.id, branch.epoch, ['one', 'two', 'three']);
  await branch.heartbeat(log.told(0));
  log.lines[1] = 'another';
  log.lines.push('four');
  await branch.heartbeat(log.told(3));
  const status = await above.call('serverStatus', {});
  const [witnessed] = status.audit.witnessed;
  assert.deepEqual([witnessed?.server.name, witnessed?.lines, witnessed?.gap], ['Lyon', 3, true]);
  const gap = status.warnings.find(({ step }) => step?.name === 'acknowledge-gap');
  assert.match(gap!.sentence, AUDIT.rewroteThree);
  assert.deepEqual(await above.call('acknowledgeAuditGap', { id: 'Lyon' }), {
    server: { id: branch.id, name: 'Lyon' },
    gaps: 1,
  });
  assert.equal((await above.call('acknowledgeAuditGap', { id: branch.id })).gaps, 0);
  const [event] = await above.events('audit-gap-acknowledged');
  assert.deepEqual([event!['server'], event!['gaps']], [branch.id, 1]);
  await branch.heartbeat(log.told(0));
  const after = await above.call('serverStatus', {});
  assert.deepEqual([after.audit.witnessed[0]?.lines, after.audit.witnessed[0]?.gap], [4, false]);
  assert.deepEqual(
    after.warnings.filter(({ step }) => step?.name === 'acknowledge-gap'),
    [],
  );
  await assert.rejects(above.call('acknowledgeAuditGap', { id: 'nobody' }), { code: 'not-found' });
});
