/**
 * A disk damages records while the server is stopped: they are named with the places that have them, and come back from
 * there, exactly, with real processes.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, test } from 'node:test';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import { onTerminal } from '#test/support/on-terminal.ts';
import {
  type Device,
  failureSentence,
  joinServers,
  organisation,
  type Server,
  setOption,
} from '#test/support/organisation.ts';
import type { Ran } from '#test/support/run-keystair.ts';
import { DAMAGE } from '#test/sentences/damage.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
const place = organisation('damage-repaired', { passwords: 'cheap' });
const passwordFile = place.path('password');
let above: Server;
let lyon: Server;
let laptop: Device;
let reader: Device;

before(async () => {
  writeFileSync(passwordFile, 'seven green rivers run uphill\n', { mode: 0o600 });
  [above, lyon] = await Promise.all([place.server('Above'), place.server('Lyon')]);
  await setOption(true, above, lyon);
  await joinServers(lyon, above);
  [laptop, reader] = await Promise.all([place.enrol('laptop', lyon), place.enrol('reader', lyon)]);
});

async function damage(server: Server, sql: string, ...values: (string | number)[]): Promise<void> {
  await server.stop();
  const database = new DatabaseSync(join(server.data, 'keystair.db'));
  const { changes } = database.prepare(sql).run(...values);
  database.close();
  assert.ok(Number(changes) > 0, 'nothing was damaged');
  await server.restart();
}

const BY_ID = "id = unhex(?, '-')";
const GARBLED = `UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE ${BY_ID}`;

async function fileOf(name: string): Promise<{ path: string; key: string }> {
  const path = place.path(name);
  return { path, key: await laptop.encrypt(`text of ${name}`, path, { newIdentity: true }) };
}

async function opens(path: string, text: string): Promise<void> {
  assert.equal(await reader.textOf(path), text);
}

const verify = (server: Server, ...more: readonly string[]): Promise<Ran> =>
  server.run(['server', 'verify', ...more]);

async function reveal(server: Server, id: string): Promise<string> {
  return String((await server.done(['keys', 'reveal', id, '--reason', 'a test']))['material']);
}

test('a damaged record is named with its places, comes back from the primary once that is allowed, and opens the file', async () => {
  const plan = await fileOf('plan.age');
  const other = await fileOf('other.age');
  await fileOf('third.age');
  await lyon.heartbeat();
  const material = await reveal(lyon, plan.key);
  await damage(lyon, GARBLED, plan.key);
  await damage(lyon, `DELETE FROM keys WHERE ${BY_ID}`, other.key);

  const found = await verify(lyon);
  failureSentence(found, 'data-damaged');
  assert.match(found.stderr, DAMAGE.repairThem);
  assert.match(found.stdout, DAMAGE.fromAboveOrLaptop(plan.key));
  assert.match(found.stdout, DAMAGE.missingKey(other.key));

  const refused = await verify(lyon, '--repair');
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, DAMAGE.allowRecovery(lyon.id));
  assert.match(refused.stdout, DAMAGE.laptopAsked);

  await above.done(['hierarchy', 'allow-recovery', 'Lyon']);
  const repaired = await verify(lyon, '--repair', '--json');
  assert.equal(repaired.status, 0, repaired.stderr);
  const { ok, problems, repair } = repaired.json() as unknown as VerifyAnswer;
  assert.deepEqual([ok, problems, repair!.obstacles], [true, [], []]);
  // By rising number.
  assert.deepEqual(
    repair!.repaired.map(({ id, name }) => [id, name]),
    [
      [plan.key, 'Above'],
      [other.key, 'Above'],
    ],
  );
  assert.equal((await verify(lyon)).status, 0);
  assert.equal(await reveal(lyon, plan.key), material);
  await opens(plan.path, 'text of plan.age');
  await opens(other.path, 'text of other.age');
  const later = await fileOf('later.age');
  await lyon.heartbeat();
  assert.ok((await above.keyIds()).includes(later.key), 'what comes after the gap climbs');
});

test('a damaged row hides no other from a listing', async () => {
  const { key } = await fileOf('listed.age');
  await damage(lyon, `UPDATE keys SET fields = 'x' || fields WHERE ${BY_ID}`, key);
  const listed = await lyon.run(['keys', 'list']);
  assert.equal(listed.status, 0);
  assert.match(listed.stdout, DAMAGE.notListed(key));
  assert.equal((listed.stdout.match(/acknowledged|recorded/g) ?? []).length, (await lyon.keyIds()).length);
  await damage(lyon, `UPDATE keys SET fields = substr(fields, 2) WHERE ${BY_ID}`, key);
  assert.equal((await verify(lyon)).status, 0);
});

test('an export that has a damaged key repairs it, where no one else does', async () => {
  const lone = await place.server('Lone');
  const device = await place.enrol('lone device', lone);
  const keys: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    keys.push(await device.encrypt('text', place.path(`${name}.age`), { newIdentity: true }));
  }
  const materials = await Promise.all(keys.map((key) => reveal(lone, key)));
  const file = place.path('export.age');
  await lone.done(['keys', 'export', '--out', file, '--password-file', passwordFile]);
  await damage(lone, GARBLED.replace('SET', 'SET digest = zeroblob(32),'), keys[1]!);
  await damage(lone, `DELETE FROM keys WHERE ${BY_ID}`, keys[2]!);
  const waits = await verify(lone, '--repair');
  assert.equal(waits.status, 1);
  assert.match(waits.stderr, DAMAGE.importThem);
  const report = await lone.done(['keys', 'import', file, '--password-file', passwordFile]);
  assert.deepEqual([report['new'], report['known'], report['conflicts']], [0, 4, []]);
  const after = await verify(lone);
  assert.equal(after.status, 0, after.stdout);
  assert.deepEqual(await lone.keyIds(), keys, 'each at its own number');
  assert.deepEqual(await Promise.all(keys.map((key) => reveal(lone, key))), materials);
});

test('a repair needs a running server, and says so; on a terminal a verification shows how far it is', async () => {
  const shown = await onTerminal(`${LAUNCHER} server verify --data ${lyon.data}`, []);
  assert.equal(shown.status, 0, shown.shown);
  assert.match(shown.shown, DAMAGE.verifying);
  await lyon.stop();
  const refused = await verify(lyon, '--repair', '--json');
  assert.equal(refused.status, 1);
  assert.equal(refused.stdout, '');
  assert.match(failureSentence(refused, 'server-not-running'), REFUSED['server-not-running'].startIt);
  const stopped = await onTerminal(`${LAUNCHER} server verify --data ${lyon.data}`, []);
  assert.match(stopped.shown, DAMAGE.verifiedOnTerminal);
});
