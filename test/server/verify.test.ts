/** What `server verify` finds: each class of damage is named, with the key and the places where it can be had again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeWords } from '#cli/next-steps.ts';
import type { PlaceOfKey, VerifyAnswer } from '#protocol/people/people-answers.ts';
import { callLife } from '#server/environment/call-life.ts';
import { verify } from '#server/integrity/verify/verify.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import type { ServerInProcess } from '#test/support/server-in-process.ts';
import { DAMAGE } from '#test/sentences/damage.ts';
import { damagedServers } from './damaged-server.ts';

const keys = Array.from({ length: 6 }, () => makeSomeKey());
const ids = keys.map(({ key }) => key.id);

const servers = damagedServers(async () => {
  const { lyon } = servers;
  // One after another, so that the audit log tells of each by itself.
  for (const key of keys) await lyon.record(key);
  await lyon.call('heartbeatNow', {});
});

/** Damages a table, verifies, and puts the table back. */
async function found(
  server: ServerInProcess,
  table: string,
  sql: string,
  ...values: (string | number | Uint8Array)[]
): Promise<VerifyAnswer> {
  const putBack = servers.keep(server, table);
  servers.alter(server, sql, ...values);
  const report = await server.call('verify', {});
  putBack();
  assert.equal(report.ok, false);
  assert.equal((await server.call('verify', {})).ok, true, 'put back, all is well');
  return report;
}

const CLASSES: readonly (readonly [string, string, RegExp, readonly PlaceOfKey['place'][]])[] = [
  [
    'a bit of the sealed record',
    "UPDATE keys SET sealed = unhex(replace(hex(sealed), substr(hex(sealed), 80, 8), '00000000')) WHERE seq = ?",
    DAMAGE.doesNotOpen,
    ['primary', 'export'],
  ],
  [
    'the fields',
    'UPDATE keys SET fields = replace(fields, \'"kind":"\', \'"kind": "\') WHERE seq = ?',
    DAMAGE.doesNotOpen,
    ['primary', 'export'],
  ],
  [
    'where it came from',
    "UPDATE keys SET received_from = 'import:1' WHERE seq = ?",
    DAMAGE.doesNotOpen,
    ['primary', 'export'],
  ],
  [
    'when it was recorded',
    'UPDATE keys SET recorded_at = recorded_at + 1 WHERE seq = ?',
    DAMAGE.doesNotOpen,
    ['primary', 'export'],
  ],
  [
    'the digest',
    'UPDATE keys SET digest = zeroblob(32) WHERE seq = ?',
    DAMAGE.digestAltered,
    ['here', 'primary', 'export'],
  ],
  [
    'the chain value',
    'UPDATE keys SET chain = zeroblob(32) WHERE seq = ?',
    DAMAGE.chainAltered,
    ['here', 'primary', 'export'],
  ],
  [
    'the device it is listed under',
    'UPDATE keys SET device = zeroblob(16) WHERE seq = ?',
    /the device it is listed under was altered/,
    ['here', 'primary', 'export'],
  ],
];

for (const [column, sql, what, places] of CLASSES) {
  for (const seq of [3, 6]) {
    test(`${column} of key ${seq} altered: that key is named, no other, and where it can be had again`, async () => {
      const report = await found(servers.lyon, 'keys', sql, seq);
      assert.equal(report.damaged.length, 1, JSON.stringify(report.problems));
      const [damaged] = report.damaged;
      assert.deepEqual([damaged!.seq, damaged!.to, damaged!.id], [seq, seq, ids[seq - 1]]);
      assert.match(damaged!.what, what);
      assert.deepEqual(
        damaged!.places.map(({ place }) => place),
        places,
      );
      assert.deepEqual(
        damaged!.places.find(({ place }) => place === 'primary'),
        { place: 'primary', ...servers.primary.name },
      );
      assert.equal(report.problems.length, 1);
      assert.match(report.problems[0]!.sentence, DAMAGE.ofPrimary(ids[seq - 1]!, seq));
    });
  }
}

test('the id of a key altered: the row is named by its number, and what the log says it was', async () => {
  const id = makeSomeKey().key.id;
  const { damaged } = await found(
    servers.lyon,
    'keys',
    "UPDATE keys SET id = unhex(?, '-') WHERE seq = 4",
    id,
  );
  assert.deepEqual(
    damaged.map(({ seq, id }) => [seq, id]),
    [[4, id]],
  );
  assert.match(damaged[0]!.what, DAMAGE.doesNotOpen);
});

test('two records that changed places are found, both', async () => {
  const putBack = servers.keep(servers.lyon, 'keys');
  for (const [from, to] of [
    [2, 1000],
    [3, 2],
    [1000, 3],
  ]) {
    servers.alter(servers.lyon, 'UPDATE keys SET seq = ? WHERE seq = ?', to!, from!);
  }
  const { damaged } = await servers.lyon.call('verify', {});
  putBack();
  assert.deepEqual(
    damaged.map(({ seq, to }) => [seq, to]),
    [
      [2, 2],
      [3, 3],
    ],
  );
});

test('a row cut out of the middle is named by number and id, and so are many', async () => {
  const one = await found(servers.lyon, 'keys', 'DELETE FROM keys WHERE seq = 2');
  assert.deepEqual(
    one.damaged.map(({ seq, to, id }) => [seq, to, id]),
    [[2, 2, ids[1]]],
  );
  assert.match(one.problems.map(noticeWords).join(), DAMAGE.missingAndPrimary);
  const many = await found(servers.lyon, 'keys', 'DELETE FROM keys WHERE seq BETWEEN 2 AND 4');
  assert.deepEqual(
    many.damaged.map(({ seq, to }) => [seq, to]),
    [[2, 4]],
  );
});

test('the last rows cut off are found by the audit log, which tells of more', async () => {
  const { problems } = await found(servers.lyon, 'keys', 'DELETE FROM keys WHERE seq = 6');
  assert.match(problems.map(noticeWords).join(), DAMAGE.endMissing);
});

test('at a primary the secondary that sent a key is named', async () => {
  const { damaged } = await found(
    servers.primary,
    'keys',
    'UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE seq = 3',
  );
  assert.deepEqual(damaged[0]!.places, [
    { place: 'secondary', ...servers.lyon.name },
    { place: 'export', id: null, name: null },
  ]);
});

test('a cursor that was altered is told apart from what the audit log says was received', async () => {
  for (const sql of ['UPDATE cursors SET seq = seq + 1', 'UPDATE cursors SET seq = 1']) {
    const { problems, damaged } = await found(servers.primary, 'cursors', sql);
    assert.deepEqual(damaged, []);
    assert.equal(problems.length, 1);
    assert.match(problems[0]!.sentence, DAMAGE.cursor(servers.lyon.name.id));
  }
});

test('a line of the audit log that was altered is named by its number', async () => {
  const { problems } = await found(
    servers.lyon,
    'audit',
    'UPDATE audit SET event = replace(event, \'"by"\', \'"bx"\') WHERE seq = 3',
  );
  assert.match(problems.map(noticeWords).join(), DAMAGE.line(3));
});

test('a damaged row hides no other from a listing or a search, and is told', async () => {
  const { lyon } = servers;
  for (const sql of [
    "UPDATE keys SET fields = '{}' WHERE seq = 3",
    "UPDATE keys SET fields = 'x' || fields WHERE seq = 3",
    'UPDATE keys SET fields = replace(fields, \'"kind":\', \'"kine":\') WHERE seq = 3',
  ]) {
    const putBack = servers.keep(lyon, 'keys');
    servers.alter(lyon, sql);
    const listed = await lyon.call('listKeys', {});
    const sought = await lyon.call('listKeys', { find: ids[4]! });
    const found = await lyon.call('listKeys', { find: ids[2]! });
    putBack();
    assert.deepEqual(
      listed.keys.map(({ seq }) => seq),
      [1, 2, 4, 5, 6],
      sql,
    );
    assert.deepEqual(listed.unreadable, [{ id: ids[2], seq: 3 }]);
    assert.deepEqual([sought.keys.length, sought.unreadable.length], [1, 0]);
    assert.deepEqual([found.keys.length, found.unreadable.length], [0, 1]);
  }
  const putBack = servers.keep(lyon, 'keys');
  servers.alter(lyon, "UPDATE keys SET device = x'00' WHERE seq = 3");
  const listed = await lyon.call('listKeys', {});
  const report = await lyon.call('verify', {});
  putBack();
  assert.equal(listed.keys.length, 6, 'the device stands in the fields');
  assert.match(report.problems.map(noticeWords).join(), DAMAGE.deviceAltered);
});

test('it tells how far it is, to its end, and stops when nobody waits for it any more', async () => {
  const { store, repository } = servers.lyon;
  const told: (readonly [number, number])[] = [];
  const life = callLife([], (done, of) => told.push([done, of]));
  assert.equal((await verify({ store, ...repository }, life)).ok, true);
  assert.ok(told.length >= 2);
  assert.ok(told.every(([done], at) => at === 0 || done >= told[at - 1]![0]));
  assert.deepEqual(told.at(-1)![0], told.at(-1)![1]);
  const gone = callLife([AbortSignal.abort()], () => undefined);
  await assert.rejects(verify({ store, ...repository }, gone), { code: 'interrupted' });
});
