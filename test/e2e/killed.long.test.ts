/** Servers killed in the middle of a transmission: every key arrives, none twice, and nothing acknowledged is lost. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { goOn, inSteps } from '#test/support/in-steps.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { joinServers, organisation, type Server, setOption } from '#test/support/organisation.ts';

/** Eight batches or more: long enough to be met in the middle. */
const KEYS = 2500;
const place = organisation('killed');

interface Pair {
  readonly primary: Server;
  readonly secondary: Server;
  readonly ids: readonly string[];
}

async function pair(name: string): Promise<Pair> {
  const data = place.path(`${name}-below`);
  const ids = await makeDirectory(data, `${name} below`, KEYS);
  const primary = await place.server(`${name} above`, { data: place.path(`${name}-above`) });
  const secondary = await place.server(`${name} below`, { data });
  await setOption(true, primary, secondary);
  await secondary.call('changeSettings', { heartbeat: 1 });
  return { primary, secondary, ids };
}

/** A look into the database beside the server: what shows is committed. */
function keysIn({ data }: Server): number {
  const database = new DatabaseSync(join(data, 'keystair.db'), { readOnly: true, timeout: 5000 });
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM keys').get()?.['n']);
  } finally {
    database.close();
  }
}

/** Begins the transmission, and returns how many keys have arrived; the primary stands then. */
async function begin({ primary, secondary }: Pair): Promise<number> {
  // Where one of the two is killed, it has no answer.
  joinServers(secondary, primary).catch(() => undefined);
  await inSteps(primary.pid, 'a part of the keys is there', () => keysIn(primary) > 0);
  return keysIn(primary);
}

async function everythingArrived({ primary, secondary, ids }: Pair): Promise<void> {
  await eventually('every key is acknowledged', async () => {
    const status = await secondary.call('serverStatus', {});
    return status.primary?.acknowledgedSeq === KEYS;
  });
  const above = await primary.keyIds();
  assert.equal(above.length, KEYS);
  assert.deepEqual(above, ids, 'each once, and in the order in which they were recorded');
  const { keys: states } = await secondary.call('listKeys', { limit: 1000 });
  assert.ok(states.every(({ state }) => state === 'acknowledged'));
  for (const server of [primary, secondary]) {
    const report = await server.call('verify', {});
    assert.deepEqual([report.ok, report.keys, report.problems], [true, KEYS, []]);
  }
  const status = await secondary.call('serverStatus', {});
  assert.equal(status.primary?.problem, null);
}

test('the primary is killed (-9) in the middle of a transmission', async () => {
  const both = await pair('primary');
  const before = await begin(both);
  await both.primary.kill();
  await both.primary.restart();
  const kept = (await both.primary.call('serverStatus', {})).keys;
  assert.ok(kept >= before, 'what it had shown is still there');
  assert.ok(kept < KEYS, 'it was in the middle');
  await everythingArrived(both);
});

test('the secondary is killed (-9) in the middle of a transmission', async () => {
  const both = await pair('secondary');
  await begin(both);
  await both.secondary.kill();
  goOn(both.primary.pid);
  const kept = (await both.primary.call('serverStatus', {})).keys;
  assert.ok(kept < KEYS, 'it was in the middle');
  const { epoch } = await both.secondary.restart().then(() => both.secondary.call('serverStatus', {}));
  await everythingArrived(both);
  assert.equal(
    (await both.secondary.call('serverStatus', {})).epoch,
    epoch,
    'the same life, so nothing is sent again',
  );
});

test('both are killed, again and again', async () => {
  const both = await pair('both');
  await begin(both);
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([both.primary.kill(), both.secondary.kill()]);
    await Promise.all([both.primary.restart(), both.secondary.restart()]);
  }
  await everythingArrived(both);
});

test('a stop in the middle drains: exit 0, and the rest goes when it runs again', async () => {
  const both = await pair('drain');
  await begin(both);
  goOn(both.primary.pid);
  await both.secondary.stop();
  await both.primary.stop();
  await Promise.all([both.primary.restart(), both.secondary.restart()]);
  await everythingArrived(both);
});
