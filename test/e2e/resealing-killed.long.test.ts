/** A server that gets a new data key under load and is killed in the middle of sealing its records anew, again and again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeystairError } from '#domain/errors.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { type Device, organisation } from '#test/support/organisation.ts';

/** Eighty pages: some seconds on a machine that does nothing else. */
const KEYS = 20_000;
const KILLS = 3;
/** A server may be quicker than the kill: then it is over, and gets another new data key. */
const TRIES_MAX = 20;
/** Custody goes on all the time, and leaves the server the time to seal anew. */
const LOAD_PAUSE_MS = 50;
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

function isOlder(name: string, dataKey: number): boolean {
  return name.startsWith('records under ') && Number(name.split(' ').at(-1)) < dataKey;
}

interface Load {
  over: boolean;
  readonly acknowledged: string[];
}

/** Takes new keys into custody until it is told to end; while the server is down it has none. */
async function load(device: Device, state: Load): Promise<void> {
  for (let made = 0; !state.over; made += 1) {
    const out = place.path(`${device.name}-${made}.age`);
    try {
      state.acknowledged.push(await device.encrypt('text', out, { newIdentity: true }));
    } catch (error) {
      assert.ok(error instanceof KeystairError, String(error));
    }
    await sleep(LOAD_PAUSE_MS);
  }
}

test('killed (-9) again and again while records are sealed anew under load: it goes on, nothing is lost, nothing stays under the old data key', async () => {
  const data = place.path('large');
  const ids = await makeDirectory(data, 'Large', KEYS);
  const server = await place.server('Large', { data });
  const devices = [await place.enrol('one', server), await place.enrol('two', server)];
  const state: Load = { over: false, acknowledged: [] };
  const loads = devices.map((device) => load(device, state));
  let current = 1;
  const rotate = async () => {
    current += 1;
    assert.equal((await server.done(['server', 'rotate-data-key']))['dataKey'], current);
  };
  await rotate();
  let kills = 0;
  for (let tries = 0, before = 0; tries < TRIES_MAX && kills < KILLS; tries += 1) {
    await eventually('a few more records', () => {
      const { done } = lookAtResealing(data);
      return done === undefined || done > before;
    });
    await server.kill();
    const { done, under } = lookAtResealing(data);
    await server.restart();
    if (done !== undefined && Object.keys(under).some((name) => isOlder(name, current))) {
      kills += 1;
      before = done;
    } else {
      await rotate();
      before = 0;
    }
  }
  assert.equal(kills, KILLS, 'it was killed in the middle');
  await eventually('the end of it', () => lookAtResealing(data).done === undefined);
  const { acknowledged } = state;
  await eventually('custody goes on', () => acknowledged.length > 0);
  state.over = true;
  await Promise.all(loads);
  assert.deepEqual(Object.keys(lookAtResealing(data).under).toSorted(), [
    `records under ${current}`,
    `secrets under ${current}`,
  ]);
  const there = new Set(await server.keyIds());
  for (const id of [...ids, ...acknowledged]) assert.ok(there.has(id));
  const report = await server.call('verify', {});
  assert.deepEqual([report.ok, report.problems], [true, []]);
  const { dataKey } = await server.call('serverStatus', {});
  assert.deepEqual(dataKey, { current, resealing: null });
});
