/**
 * Somebody writes into the database while the server is stopped: a row that decides something counts as absent, is
 * reported by status and verify, and gives nobody more than before.
 */
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { before, beforeEach, test } from 'node:test';
import {
  type Device,
  failureSentence,
  joinServers,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';
import { DAMAGE } from '#test/sentences/damage.ts';

const place = organisation('altered-database');
const original = place.path('original');
let above: Server;
let server: Server;
let device: Device;
let removed: Device;
let key: string;

before(async () => {
  [above, server] = await Promise.all([place.server('Above'), place.server('Below')]);
  await setOption(true, above, server);
  await joinServers(server, above);
  [device, removed] = await Promise.all([place.enrol('laptop', server), place.enrol('removed', server)]);
  await server.call('removeDevice', { id: 'removed' });
  key = await device.encrypt('text', place.path('file.age'));
  await server.heartbeat();
  await server.stop();
  cpSync(server.data, original, { recursive: true });
});

beforeEach(async () => {
  await server.stop();
  rmSync(server.data, { recursive: true, force: true });
  cpSync(original, server.data, { recursive: true });
});

/** Writes, and starts the server again. */
async function alter(sql: string, ...values: (string | number)[]): Promise<void> {
  const database = new DatabaseSync(join(server.data, 'keystair.db'));
  const { changes } = database.prepare(sql).run(...values);
  database.close();
  assert.ok(Number(changes) > 0, 'nothing was altered');
  await server.restart();
}

const REPLACE = 'UPDATE trusted_rows SET body = replace(body, ?, ?) WHERE kind = ? AND instr(body, ?) > 0';

/** Status and verify name the row; verify ends with exit 1 and its document. */
async function reported(name: RegExp): Promise<void> {
  const status = await server.call('serverStatus', {});
  assert.ok(
    status.warnings.some(({ sentence }) => name.test(sentence) && DAMAGE.countsAsAbsent.test(sentence)),
    JSON.stringify(status.warnings),
  );
  const ran = await server.run(['server', 'verify', '--json']);
  assert.equal(ran.status, 1);
  const report = ran.json() as { ok: boolean; problems: string[] };
  assert.equal(report.ok, false);
  assert.ok(
    report.problems.some((problem) => name.test(problem)),
    JSON.stringify(report.problems),
  );
  failureSentence(ran, 'data-damaged');
}

test('the option switched on in the database stays off', async () => {
  await server.restart();
  await setOption(false, server);
  await server.stop();
  await alter(REPLACE, '"useHierarchy":false', '"useHierarchy":true', 'setting', '"useHierarchy"');
  await reported(/"setting options"/);
  assert.equal((await server.call('serverStatus', {})).useHierarchy, false);
  // What was altered is made anew by setting it.
  await setOption(true, server);
  assert.equal((await server.call('verify', {})).ok, true);
});

test('a removed device does not come back by its row', async () => {
  const database = new DatabaseSync(join(server.data, 'keystair.db'));
  const row = database
    .prepare("SELECT id, body FROM trusted_rows WHERE kind = 'member' AND body LIKE '%\"removed\"%'")
    .get();
  database.close();
  const member = { ...(JSON.parse(String(row?.['body'])) as object), removedAt: null };
  await alter(
    "UPDATE trusted_rows SET body = ? WHERE kind = 'member' AND id = ?",
    JSON.stringify(member),
    String(row?.['id']),
  );
  refusedWith(await removed.run(['heartbeat', '--json']), 'not-a-member');
  await reported(/"member [0-9a-f-]{36}"/);
});

test('a member whose key was exchanged in its row is nobody, until it joins again', async () => {
  await alter(REPLACE, '"fingerprint":"', '"fingerprint":"0', 'member', '"laptop"');
  refusedWith(await device.run(['heartbeat', '--json']), 'not-a-member');
  const { invitation } = await server.call('inviteDevice', {});
  await device.done(['enrol', '-'], invitation);
  assert.ok((await server.keyIds()).includes(key), 'its keys stayed');
});

test("one member's row under another's id does not fit there", async () => {
  await alter(
    `UPDATE trusted_rows SET (body, mac) = (SELECT body, mac FROM trusted_rows
       WHERE kind = 'member' AND body LIKE '%"laptop"%')
     WHERE kind = 'member' AND body LIKE '%"removed"%'`,
  );
  refusedWith(await removed.run(['heartbeat', '--json']), 'not-a-member');
  await device.heartbeat();
});

test("a DMZ mark taken off the primary's row leaves no primary to send to", async () => {
  await server.restart();
  await server.call('setServer', { id: 'Above', dmz: true });
  await server.stop();
  await alter(REPLACE, '"dmz":true', '"dmz":false', 'primary', '"dmz"');
  await reported(/"primary current"/);
  assert.equal((await server.call('serverStatus', {})).primary, null);
  assert.ok((await server.keyIds()).includes(key));
});

test("a DMZ mark taken off a secondary's row at the primary lets nothing cross", async () => {
  await server.restart();
  const outpost = await place.server('Outpost');
  await setOption(true, outpost);
  await joinServers(outpost, server, { dmz: true });
  const guest = await place.enrol('guest', outpost);
  const made = await guest.encrypt('text', place.path('outpost.age'));
  await server.stop();
  await alter(REPLACE, '"dmz":true', '"dmz":false', 'member', '"Outpost"');
  const beat = await outpost.run(['hierarchy', 'heartbeat', '--json']);
  refusedWith(beat, 'not-a-member');
  assert.ok(!(await server.keyIds()).includes(made));
  await reported(/"member /);
  await outpost.stop();
});

test('an invitation made by hand in the database invites nobody', async () => {
  await server.restart();
  const { invitation } = await server.call('inviteDevice', { expiresMs: 1000 });
  await server.stop();
  await alter(
    'UPDATE trusted_rows SET body = replace(body, \'"kind":"device"\', \'"kind":"device","more":1\') WHERE kind = \'invitation\'',
  );
  const stranger = place.device('stranger');
  refusedWith(await stranger.run(['enrol', '-', '--json'], invitation), 'invitation-invalid');
});

test("a key's row that was edited or moved does not open, is named, and the others do", async () => {
  const other = 'UPDATE keys SET fields = replace(fields, ?, ?)';
  await alter(other, '"laptop"', '"laptop2"');
  const report = await server.call('verify', {});
  assert.equal(report.ok, false);
  assert.ok(report.problems.some(({ sentence }) => sentence.includes(key)));
  const revealed = await server.run(['keys', 'reveal', key, '--reason', 'a test', '--json']);
  assert.match(refusedWith(revealed, 'record-unreadable'), DAMAGE.verify);
});

test('a damaged record is refused by the primary alone: it is shown as refused, and all later keys go on', async () => {
  await server.restart();
  await setOption(false, server);
  const damaged = await device.encrypt('text', place.path('damaged.age'), { newIdentity: true });
  const later = await device.encrypt('text', place.path('later.age'), { newIdentity: true });
  await server.stop();
  await alter('UPDATE keys SET sealed = zeroblob(length(sealed)) WHERE seq = ?', 2);
  await setOption(true, server);
  assert.equal((await server.heartbeat()).acknowledgedSeq, 3);
  const states = new Map((await server.call('listKeys', {})).keys.map(({ id, state }) => [id, state]));
  assert.deepEqual([states.get(damaged), states.get(later)], ['refused', 'acknowledged']);
  const shown = (await server.done(['keys', 'show', damaged]))['key'] as { refusedBecause: string };
  assert.match(shown.refusedBecause, DAMAGE.damagedAtTheSender);
  const { warnings } = await server.call('serverStatus', {});
  assert.ok(
    warnings.some(({ step }) => step?.name === 'look-at-key'),
    JSON.stringify(warnings),
  );
  const there = await above.keyIds();
  assert.deepEqual([there.includes(damaged), there.includes(later)], [false, true]);
});

test('a line of the audit log that was edited, cut out or added is found', async () => {
  for (const sql of [
    `UPDATE audit SET event = replace(event, '"by"', '"bx"') WHERE seq = 3`,
    'DELETE FROM audit WHERE seq = (SELECT max(seq) - 1 FROM audit)',
    'INSERT INTO audit SELECT max(seq) + 1, \'{"event":"nothing"}\', chain, mac FROM audit',
  ]) {
    await server.stop();
    rmSync(server.data, { recursive: true, force: true });
    cpSync(original, server.data, { recursive: true });
    const database = new DatabaseSync(join(server.data, 'keystair.db'));
    database.exec(sql);
    database.close();
    // Offline: a server that starts writes lines of its own behind it.
    const ran = await server.run(['server', 'verify', '--json']);
    assert.equal(ran.status, 1, sql);
    const { problems } = ran.json() as { problems: string[] };
    assert.ok(
      problems.some((problem) => /audit/.test(problem)),
      `${sql}: ${problems.join('; ')}`,
    );
  }
});
