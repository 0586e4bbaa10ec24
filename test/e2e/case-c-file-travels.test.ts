/** Case C: a file is encrypted at one branch and opened at another, whose region differs too. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { SHOWN } from '#test/sentences/shown.ts';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';
import { eventually } from '#test/support/eventually.ts';
import { holdBack } from '#test/support/held-pipe.ts';
import {
  upward,
  type Device,
  type Json,
  organisation,
  refusedWith,
  type ThreeLevels,
  threeLevels,
} from '#test/support/organisation.ts';
import { beginKeystair } from '#test/support/run-keystair.ts';

const place = organisation('case-c');
const plan = place.path('plan.age');
const FOUR_CHUNKS = 4 * 64 * 1024;
const TEXT = 'the plan of the new building\n';
let tree: ThreeLevels;
let author: Device;
let reader: Device;
let key: string;

before(async () => {
  tree = await threeLevels(place);
  [author, reader] = await Promise.all([place.enrol('author', tree.lyon), place.enrol('reader', tree.oslo)]);
});

/** Who on the way says what, as `keys explain` tells it. */
function pathOf(explained: Json): unknown[] {
  return (
    explained['path'] as { server: { name: string }; option: boolean; link: string; has: unknown }[]
  ).map(({ server, option, link, has }) => [server.name, option, link, has]);
}

test('encrypting answers with the key, which is in custody and already on its way up', async () => {
  writeFileSync(place.path('plan'), TEXT);
  const document = await author.done(['encrypt-file', place.path('plan'), plan]);
  assert.deepEqual(Object.keys(document), ['key']);
  key = String(document['key']);
  await upward(tree.lyon, tree.west);
  const shown = (await tree.lyon.done(['keys', 'show', key]))['key'] as Json;
  assert.equal(shown['state'], 'acknowledged');
  assert.deepEqual(
    [shown['id'], shown['kind'], shown['algorithm'], shown['origin'], shown['replaces'], shown['locator']],
    [key, 'file', 'age-mlkem768x25519', tree.lyon.id, null, {}],
  );
  assert.equal((shown['device'] as Json)['name'], 'author');
});

test("the file's header holds one stanza of ours, key id and claim with an empty body", () => {
  const header = readFileSync(plan, 'latin1').split('\n---')[0]!;
  assert.match(header, /^age-encryption\.org\/v1\n/);
  const stanzas = [...header.matchAll(/^-> keystair (\S+) (\S+)\n(.*)$/gm)];
  assert.equal(stanzas.length, 1);
  const [, id, claim, body] = stanzas[0]!;
  assert.equal(id, key);
  assert.match(claim!, /^[A-Za-z0-9+/]{21}[AQgw]$/);
  assert.equal(body, '');
});

test('before it is opened, explain shows the way: not here, not at the region, but at the root', async () => {
  const explained = await tree.oslo.done(['keys', 'explain', '--file', plan]);
  assert.deepEqual(Object.keys(explained).sort(), ['nextStep', 'path', 'verdict']);
  assert.deepEqual(pathOf(explained), [
    ['Oslo', true, 'connected', false],
    ['North', true, 'connected', false],
    ['Geneva', true, 'none', true],
  ]);
  assert.deepEqual(await tree.oslo.keyIds(), [], 'asking moved no key');
});

test('the other branch opens the file, and every server that asked keeps the key', async () => {
  const opened = place.path('opened');
  assert.deepEqual(await reader.done(['decrypt-file', plan, opened]), { key });
  assert.equal(readFileSync(opened, 'utf8'), TEXT);
  for (const server of [tree.oslo, tree.north]) assert.deepEqual(await server.keyIds(), [key]);
  assert.deepEqual(pathOf(await tree.oslo.done(['keys', 'explain', key])), [
    ['Oslo', true, 'connected', true],
  ]);
});

test('a branch that never held the file never gets its key', async () => {
  const other = await place.server('Bergen');
  await other.call('changeSettings', { useHierarchy: true });
  const { invitation } = await tree.north.call('inviteSecondary', {});
  await other.call('joinHierarchy', { invitation });
  await other.heartbeat();
  assert.deepEqual(await other.keyIds(), []);
  await other.stop();
});

test("the identity stays on the servers: the reader's state remembers the key and has no material", () => {
  const database = new DatabaseSync(join(reader.state, 'agent.db'), { readOnly: true });
  const rows = database.prepare('SELECT custody, material FROM keys WHERE id = ?').all(key);
  database.close();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ custody: 'opened', material: null }],
  );
});

test('files stream through standard input and output, and `-` for OUT with --json is wrong usage', async () => {
  const encrypted = await author.run(['encrypt-file', place.path('plan'), '-']);
  assert.equal(encrypted.status, 0, encrypted.stderr);
  // Piped bytes are not text; a file of the same key stands in for them here.
  const decrypted = await reader.run(['decrypt-file', plan, '-']);
  assert.deepEqual([decrypted.status, decrypted.stdout], [0, TEXT]);
  const wrong = await reader.run(['decrypt-file', plan, '-', '--json']);
  assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
});

test('an altered payload is refused, and nothing of it is left as a file', async () => {
  const bytes = readFileSync(plan);
  bytes[bytes.length - 1]! ^= 1;
  const altered = place.path('altered.age');
  writeFileSync(altered, bytes);
  refusedWith(await reader.run(['decrypt-file', altered, place.path('never'), '--json']), 'file-damaged');
  assert.throws(() => readFileSync(place.path('never')), { code: 'ENOENT' });
});

test('a decryption that is killed (-9) makes no file, and the next one names the part it left', async () => {
  const [whole, folder] = [place.path('whole'), place.path('killed')];
  const out = join(folder, 'whole');
  mkdirSync(folder);
  writeFileSync(whole, Buffer.alloc(FOUR_CHUNKS, TEXT));
  await author.done(['encrypt-file', whole, `${whole}.age`]);
  holdBack(`${whole}.age`, `${whole}.pipe`, FOUR_CHUNKS / 2);
  const command = beginKeystair(['agent', 'decrypt-file', `${whole}.pipe`, out, '--state', reader.state]);
  await eventually('a part of the file', () =>
    readdirSync(folder).some((name) => statSync(join(folder, name)).size > 0),
  );
  process.kill(command.pid, 'SIGKILL');
  await command.ended;
  const [part, ...others] = readdirSync(folder);
  assert.deepEqual([part?.endsWith('.partial'), others], [true, []]);
  const again = await reader.run(['decrypt-file', `${whole}.age`, out]);
  assert.match(again.stderr, SHOWN.unfinishedOutput(join(folder, part!)));
  assert.deepEqual(readFileSync(out), readFileSync(whole));
});

test('stock age opens a file with the identity that an administrator reveals', {
  skip: unlessInstalled('age'),
}, async () => {
  const file = place.path('old-tools.age');
  const id = await author.encrypt(TEXT, file, { algorithm: 'age-x25519' });
  await upward(tree.lyon, tree.west);
  const revealed = await tree.root.done(['keys', 'reveal', id, '--reason', 'a test with stock age']);
  assert.equal(revealed['id'], id);
  const identity = place.path('identity');
  writeFileSync(identity, `${String(revealed['material'])}\n`, { mode: 0o600 });
  assert.equal(stock('age', ['--decrypt', '-i', identity, file]).toString(), TEXT);
  const opened = place.path('opened-too');
  assert.deepEqual(await reader.done(['decrypt-file', file, opened]), { key: id });
  assert.equal(readFileSync(opened, 'utf8'), TEXT);
});

test('afterwards every server verifies, and no secret stands in any log', async () => {
  const claim = /-> keystair \S+ (\S+)/.exec(readFileSync(plan, 'latin1'))![1]!;
  const { material } = await tree.root.call('revealKey', { id: key, reason: 'to look for it in the logs' });
  for (const server of Object.values(tree) as ThreeLevels[keyof ThreeLevels][]) {
    const report = await server.call('verify', {});
    assert.deepEqual([report.ok, report.problems], [true, []], server.name);
    for (const secret of [claim, material]) assert.ok(!server.log.includes(secret), server.name);
  }
});
