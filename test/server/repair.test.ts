/** What `server verify --repair` brings back, from where, and that nothing else can come in by it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { noticeWords } from '#cli/next-steps.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { openStoredKey } from '#server/records/record-keys.ts';
import type { StoredKey } from '#store/rows.ts';
import { type MadeKey, makeSomeKey } from '#test/support/machine-caller.ts';
import { DAMAGE } from '#test/sentences/damage.ts';
import { damagedServers } from './damaged-server.ts';

const KEYS = 6;
const keys = Array.from({ length: KEYS }, () => makeSomeKey());
const ids = keys.map(({ key }) => key.id);
let right: readonly StoredKey[];

const servers = damagedServers(async () => {
  const { lyon, primary } = servers;
  // One after another, so that the audit log tells of each by itself.
  for (const key of keys) await lyon.record(key);
  await lyon.call('heartbeatNow', {});
  assert.equal((await primary.store.reader.head()).seq, KEYS);
  right = await lyon.store.reader.keysAfter(0, 100);
});

let putBack: () => void;
beforeEach(async () => {
  servers.between = (calls) => calls;
  putBack = servers.keep(servers.lyon, 'keys');
  await servers.primary.call('allowRecovery', { id: servers.lyon.name.id });
});
afterEach(() => putBack());

function alter(sql: string, ...values: (string | number | Uint8Array)[]): void {
  servers.alter(servers.lyon, sql, ...values);
}

/** Every row is as it was recorded, but for its seal; when it was recorded may be told by the audit log, to some milliseconds. */
async function allRight(): Promise<void> {
  const { lyon } = servers;
  const rows = await lyon.store.reader.keysAfter(0, 100);
  const plain = ({ seq, id, digest, chain, deviceId, fields, receivedFrom }: StoredKey) => ({
    seq,
    id,
    deviceId,
    fields,
    receivedFrom,
    digest: Buffer.from(digest).toString('hex'),
    chain: Buffer.from(chain).toString('hex'),
  });
  assert.deepEqual(rows.map(plain), right.map(plain));
  for (const [at, row] of rows.entries()) {
    assert.ok(Math.abs(row.recordedAt - right[at]!.recordedAt) <= 1000);
    const { key, material, blind } = openStoredKey(lyon.repository.barrier, row);
    assert.deepEqual(key, keys[at]!.key);
    assert.deepEqual(Buffer.from(material.expose()), Buffer.from(keys[at]!.material.expose()));
    assert.deepEqual(Buffer.from(blind), Buffer.from(keys[at]!.blind));
  }
  assert.deepEqual((await lyon.call('verify', {})).problems, []);
}

async function repaired(): Promise<readonly (readonly [number, string])[]> {
  const { ok, problems, repair } = await servers.lyon.call('verify', { repair: true });
  assert.deepEqual(problems, []);
  assert.equal(ok, true);
  assert.deepEqual(repair!.obstacles, []);
  return repair!.repaired.map(({ seq, from }) => [seq, from.split(':')[0]!]);
}

const ZERO_SEAL = 'UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE seq = ?';
const CLASSES: readonly (readonly [string, string, 'here' | 'primary'])[] = [
  ['the seal', ZERO_SEAL, 'primary'],
  ['the fields', "UPDATE keys SET fields = '{}' WHERE seq = ?", 'primary'],
  ['where it came from', "UPDATE keys SET received_from = 'import:1' WHERE seq = ?", 'here'],
  ['when it was recorded', 'UPDATE keys SET recorded_at = 7 WHERE seq = ?', 'here'],
  ['the digest', 'UPDATE keys SET digest = zeroblob(32) WHERE seq = ?', 'here'],
  ['the chain value', 'UPDATE keys SET chain = zeroblob(32) WHERE seq = ?', 'here'],
  ['the device', 'UPDATE keys SET device = zeroblob(16) WHERE seq = ?', 'here'],
  ['the id', 'UPDATE keys SET id = randomblob(16) WHERE seq = ?', 'here'],
  ['the seal and the digest', ZERO_SEAL.replace('SET', 'SET digest = zeroblob(32),'), 'primary'],
  ['the seal and the id', ZERO_SEAL.replace('SET', 'SET id = randomblob(16),'), 'primary'],
];

for (const [column, sql, from] of CLASSES) {
  for (const seq of [1, 3, KEYS]) {
    test(`${column} of key ${seq} altered: ${from === 'here' ? 'its own row puts it right' : 'it comes back from the primary'}`, async () => {
      alter(sql, seq);
      assert.deepEqual(await repaired(), [[seq, from]]);
      await allRight();
    });
  }
}

test('a chain value and a seal beside it, and every seal at once, come back', async () => {
  alter('UPDATE keys SET chain = zeroblob(32) WHERE seq = 3');
  alter(ZERO_SEAL, 4);
  assert.deepEqual(
    (await repaired()).map(([seq]) => seq),
    [3, 4],
  );
  await allRight();
  alter('UPDATE keys SET sealed = zeroblob(length(sealed))');
  assert.equal((await repaired()).length, KEYS);
  await allRight();
});

for (const moves of [
  [2, 1000, 3, 2, 1000, 3],
  [2, 1000, 5, 2, 1000, 5],
  [2, 1000, 4, 2, 3, 4, 1000, 3],
]) {
  test(`records that changed places (${moves.join()}) go back to theirs`, async () => {
    for (let at = 0; at < moves.length; at += 2) {
      alter('UPDATE keys SET seq = ? WHERE seq = ?', moves[at + 1]!, moves[at]!);
    }
    await repaired();
    await allRight();
  });
}

test('rows cut out of the middle are filled from the primary, and what waited behind them climbs', async () => {
  for (const where of ['seq = 2', 'seq IN (2, 3, 5)', 'seq BETWEEN 1 AND 4']) {
    alter(`DELETE FROM keys WHERE ${where}`);
    assert.ok((await repaired()).every(([, from]) => from === 'primary'));
    await allRight();
  }
});

test('who had what repaired, from where, is in the audit log, before and after', async () => {
  alter(ZERO_SEAL, 4);
  await repaired();
  const { lyon, primary } = servers;
  const [started, event, ended] = await Promise.all(
    ['repair-started', 'key-repaired', 'repair-ended'].map(async (name) => (await lyon.events(name)).at(-1)!),
  );
  assert.deepEqual([started!['by'], started!['runs'], started!['first']], ['local administrator', 1, 4]);
  assert.deepEqual(
    [event!['by'], event!['key'], event!['number'], event!['from']],
    ['local administrator', ids[3], 4, `primary:${primary.name.id}`],
  );
  assert.deepEqual([ended!['outcome'], ended!['repaired'], ended!['left']], ['completed', 1, 0]);
});

test('a cursor that was altered is set back to the start, and the secondary sends everything again', async () => {
  const { primary, lyon } = servers;
  for (const sql of [
    'UPDATE cursors SET seq = seq + 1',
    'UPDATE cursors SET seq = 1',
    'UPDATE cursors SET chain = zeroblob(32)',
  ]) {
    servers.alter(primary, sql);
    const { ok, repair } = await primary.call('verify', { repair: true });
    if (sql.includes('chain')) {
      // Not told by the log: the heartbeat finds it.
      assert.equal(ok, true);
    } else {
      assert.deepEqual([ok, repair!.obstacles], [true, []]);
      assert.equal((await primary.events('secondary-asked-again')).at(-1)!['secondary'], lyon.name.id);
    }
    await lyon.call('heartbeatNow', {});
    assert.equal((await primary.call('serverStatus', {})).secondaries[0]!.acknowledgedSeq, KEYS);
    assert.equal((await primary.call('verify', {})).ok, true);
    assert.equal((await primary.store.reader.head()).seq, KEYS);
  }
});

test('without the word of an administrator of the primary it does not come, and the report says whose word', async () => {
  await servers.primary.call('allowRecovery', { id: servers.lyon.name.id, off: true });
  alter(ZERO_SEAL, 4);
  alter('UPDATE keys SET device = zeroblob(16) WHERE seq = 2');
  const { ok, damaged, repair } = await servers.lyon.call('verify', { repair: true });
  assert.equal(ok, false);
  assert.deepEqual(
    repair!.repaired.map(({ seq }) => seq),
    [2],
    'what needs nobody is repaired all the same',
  );
  assert.deepEqual(
    damaged.map(({ seq }) => seq),
    [4],
  );
  assert.deepEqual(
    repair!.obstacles.map(({ step }) => step),
    [{ name: 'allow-recovery', details: { server: servers.lyon.name.id } }],
  );
});

test('over a link that is closed nothing comes, and the report names the file', async () => {
  await servers.lyon.call('changeSettings', { useHierarchy: false });
  alter(ZERO_SEAL, 4);
  const { damaged, repair } = await servers.lyon.call('verify', { repair: true });
  await servers.lyon.call('changeSettings', { useHierarchy: true });
  assert.equal(damaged.length, 1);
  assert.match(repair!.obstacles.map(noticeWords).join(), DAMAGE.offAtLyonOrImport);
});

/** The primary answers the question for keys with these, whatever was asked; and lists this one as a key from here. */
function lying(
  answer: (asked: readonly string[]) => object,
  listed: MadeKey,
): (calls: MachineCalls) => MachineCalls {
  const digest = Buffer.from(checkKey(listed).digest).toString('hex');
  return (calls) => ({
    transmit: (...args) => calls.transmit(...args),
    call: (async (name: string, request: { ids: string[] }, ...rest: unknown[]) => {
      if (name === 'recover') return answer(request.ids);
      if (name === 'recoverable') {
        return { outcome: 'page', keys: [{ id: listed.key.id, digest }], next: null, of: 1 };
      }
      return (calls.call as (...args: unknown[]) => Promise<unknown>)(name, request, ...rest);
    }) as MachineCalls['call'],
  });
}

test('a lying primary puts nothing else in: not another key, not other bytes, not the right key at another place', async () => {
  const stranger = makeSomeKey();
  const lies = [
    // A whole key, which the primary says came from here.
    (asked: readonly string[]) => ({
      outcome: 'keys',
      keys: [keyToWire(stranger)],
      notGiven: asked.filter((id) => id !== stranger.key.id).map((id) => ({ id, reason: 'unknown' })),
    }),
    () => ({
      outcome: 'keys',
      keys: [{ ...keyToWire(keys[3]!), material: keyToWire(stranger).material }],
      notGiven: [],
    }),
    () => ({
      outcome: 'keys',
      keys: [{ ...keyToWire(stranger), key: { ...keyToWire(stranger).key, id: ids[3] } }],
      notGiven: [],
    }),
    () => ({ outcome: 'keys', keys: [keyToWire(keys[1]!)], notGiven: [] }),
    (asked: readonly string[]) => ({
      outcome: 'keys',
      keys: [],
      notGiven: asked.map((id) => ({ id, reason: 'unknown' })),
    }),
  ];
  for (const damage of [
    'UPDATE keys SET sealed = zeroblob(70) WHERE seq = 4',
    'DELETE FROM keys WHERE seq = 4',
  ]) {
    alter(damage);
    const before = await servers.lyon.store.reader.keysAfter(0, 100);
    for (const lie of lies) {
      servers.between = lying(lie, stranger);
      const { ok, repair } = await servers.lyon.call('verify', { repair: true });
      assert.equal(ok, false);
      assert.deepEqual(repair!.repaired, []);
      assert.deepEqual(await servers.lyon.store.reader.keysAfter(0, 100), before);
      assert.equal(await servers.lyon.has(stranger.key.id), false);
    }
    servers.between = (calls) => calls;
    await repaired();
    await allRight();
  }
});
