/** A server that gets a new data key under load and is killed in the middle of sealing its records anew, again and again. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { type Device, organisation } from '#test/support/organisation.ts';

/** Eighty pages: some seconds on a machine that does nothing else. */
const KEYS = 20_000;
const place = organisation('resealing-killed');

interface Look {
  /** How far it is; undefined when it is over. */
  readonly done: number | undefined;
  /** How many records and secrets lie under each data key. */
  readonly under: Readonly<Record<string, number>>;
}

/** A look into the database beside the server: what shows is committed. */
function lookAtResealing(data: string): Look {
  const database = new DatabaseSync(join(data, 'keystair.db'), { readOnly: true, timeout: 5000 });
  try {
    const row = database
      .prepare("SELECT body FROM trusted_rows WHERE kind = 'setting' AND id = 'resealing'")
      .get();
    const done = row === undefined ? undefined : (JSON.parse(String(row['body'])) as { done: number }).done;
    // A blob begins with its form, and the number of its data key in four bytes.
    const counts = database
      .prepare('SELECT hex(substr(sealed, 2, 4)) AS key, count(*) AS n FROM keys GROUP BY 1')
      .all();
    const under: Record<string, number> = {};
    for (const { key, n } of counts) under[`records under ${Number.parseInt(String(key), 16)}`] = Number(n);
    for (const { body } of database.prepare("SELECT body FROM trusted_rows WHERE kind = 'secret'").all()) {
      const name = `secrets under ${Buffer.from(String(body), 'base64').readUInt32BE(1)}`;
      under[name] = (under[name] ?? 0) + 1;
    }
    return { done, under };
  } finally {
    database.close();
  }
}

/** Takes new keys into custody until it is told to end; returns those that were acknowledged. */
async function load(device: Device, state: { over: boolean }): Promise<string[]> {
  const acknowledged: string[] = [];
  const plain = place.path(`${device.name}.plain`);
  writeFileSync(plain, 'text');
  while (!state.over) {
    const args = [
      'encrypt-file',
      plain,
      place.path(`${device.name}.age`),
      '--new-identity',
      '--force',
      '--json',
    ];
    const ran = await device.run(args);
    if (ran.status === 0) acknowledged.push(String(ran.json()['key']));
  }
  return acknowledged;
}

test('killed (-9) again and again while records are sealed anew under load: it goes on, nothing is lost, nothing stays under the old data key', async () => {
  const data = place.path('large');
  const ids = await makeDirectory(data, 'Large', KEYS);
  const server = await place.server('Large', { data });
  const devices = [await place.enrol('one', server), await place.enrol('two', server)];
  const state = { over: false };
  const loads = devices.map((device) => load(device, state));
  assert.equal((await server.done(['server', 'rotate-data-key']))['dataKey'], 2);
  for (let times = 0, before = 0; times < 3; times += 1) {
    await eventually('a few more records', () => (lookAtResealing(data).done ?? 0) > before);
    await server.kill();
    const { done, under } = lookAtResealing(data);
    assert.ok(done !== undefined && (under['records under 1'] ?? 0) > 0, 'it was in the middle');
    before = done;
    await server.restart();
  }
  await eventually('the end of it', () => lookAtResealing(data).done === undefined);
  state.over = true;
  const acknowledged = (await Promise.all(loads)).flat();
  assert.ok(acknowledged.length > 0, 'custody went on');
  assert.deepEqual(Object.keys(lookAtResealing(data).under).toSorted(), [
    'records under 2',
    'secrets under 2',
  ]);
  const there = new Set(await server.keyIds());
  for (const id of [...ids, ...acknowledged]) assert.ok(there.has(id));
  const report = await server.call('verify', {});
  assert.deepEqual([report.ok, report.problems], [true, []]);
  const { dataKey } = await server.call('serverStatus', {});
  assert.deepEqual(dataKey, { current: 2, resealing: null });
});
