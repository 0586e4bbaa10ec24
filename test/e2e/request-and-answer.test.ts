/**
 * A device without a connection gets at its data all the same: a person carries its request to an administrator and the
 * answer back. Only the device that asked opens the answer, once; and nobody gets a key without the claim and the right.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { AgentState } from '#agent/state.ts';
import { image, MIB } from '#test/agent/drives/images.ts';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import {
  type Device,
  type Json,
  joinServers,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';

const place = organisation('request-and-answer');
const skip = unlessInstalled('cryptsetup');
const SAYS = REFUSED['answer-invalid'];
const TEXT = 'the plan of the new building\n';
/** The root, where keys from Lyon are; Oslo has no connection with it, and the reader's server is Oslo. */
let root: Server;
let lyon: Server;
let oslo: Server;
let author: Device;
let reader: Device;
let plan: string;
let key: string;

before(async () => {
  [root, lyon, oslo] = (await Promise.all(
    (['Geneva', 'Lyon', 'Oslo'] as const).map((name) => place.server(name)),
  )) as [Server, Server, Server];
  await setOption(true, root, lyon);
  await joinServers(lyon, root);
  [author, reader] = await Promise.all([place.enrol('author', lyon), place.enrol('reader', oslo)]);
  plan = place.path('plan.age');
  key = await author.encrypt(TEXT, plan);
  await lyon.heartbeat();
});

let made = 0;

async function requestOf(device: Device, path: string, ...more: readonly string[]): Promise<string> {
  const out = place.path(`request-${(made += 1)}`);
  assert.deepEqual(await device.done(['request-file', path, '--out', out, ...more]), {});
  return out;
}

function answering(request: string, out: string): string[] {
  return ['keys', 'answer', request, '--reason', 'she is abroad', '--out', out];
}

async function answerOf(server: Server, request: string): Promise<string> {
  const out = `${request}-answer`;
  assert.deepEqual(await server.done(answering(request, out)), {});
  return out;
}

/** What the refusal says, and that nothing was written. */
async function refusedAnswer(server: Server, request: string, code: string): Promise<string> {
  const out = place.path(`never-${(made += 1)}`);
  const said = refusedWith(await server.run([...answering(request, out), '--json']), code);
  assert.equal(existsSync(out), false);
  return said;
}

function altered(request: string, change: (fields: Json) => object): string {
  const path = place.path(`altered-${(made += 1)}`);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(request, 'utf8')) as Json)));
  return path;
}

async function answered(server: Server): Promise<Json[]> {
  const { events } = (await server.done(['audit', 'list', '--find', 'key-answered'])) as { events: Json[] };
  return events;
}

test("a file that no server of the reader's can open opens by an answer, once, and on no other device", async () => {
  refusedWith(await reader.run(['decrypt-file', plan, place.path('out'), '--json']), 'key-unavailable');
  const request = await requestOf(reader, plan);
  assert.equal(statSync(request).mode & 0o777, 0o600);
  // Whoever carries it, or finds it, cannot open with it what comes back.
  assert.doesNotMatch(readFileSync(request, 'utf8'), /SECRET/);
  // The reader's server is gone for good, as far as the reader knows.
  await oslo.kill();
  const answer = await answerOf(root, request);
  assert.ok(!readFileSync(answer).includes(TEXT));
  const another = await place.enrol('another', lyon);
  const out = place.path('plan');
  assert.match(
    refusedWith(await another.run(['use-answer', answer, plan, out, '--json']), 'answer-invalid'),
    SAYS.unknownRequest,
  );
  assert.equal(existsSync(out), false);
  assert.deepEqual(await reader.done(['use-answer', answer, plan, out]), {});
  assert.equal(readFileSync(out, 'utf8'), TEXT);
  assert.match(
    refusedWith(await reader.run(['use-answer', answer, plan, `${out}2`, '--json']), 'answer-invalid'),
    SAYS.used,
  );
  assert.doesNotMatch(readFileSync(join(reader.state, 'agent.db'), 'latin1'), /AGE-SECRET-KEY-PQ/);
  await oslo.restart();
});

test('the audit log says who answered which request of whom, why, and with what', async () => {
  const [event] = await answered(root);
  const { to, reason, as, by } = event!;
  assert.deepEqual(
    [event!['key'], to, reason, as, by],
    [key, 'reader', 'she is abroad', 'file-key', 'local administrator'],
  );
});

test('an answer for another file of the same key, or a damaged one, opens nothing and may be used later', async () => {
  const other = place.path('other.age');
  assert.equal(await author.encrypt('other', other), key);
  const answer = await answerOf(lyon, await requestOf(reader, plan));
  const out = place.path('late');
  const using = (with_: string, from: string) => reader.run(['use-answer', with_, from, out, '--json']);
  assert.match(refusedWith(await using(answer, other), 'answer-invalid'), SAYS.otherData);
  const cut = place.path('cut.answer');
  writeFileSync(cut, readFileSync(answer, 'utf8').split('\n').toSpliced(20, 1).join('\n'));
  assert.match(refusedWith(await using(cut, plan), 'answer-invalid'), SAYS.damaged);
  assert.match(refusedWith(await using(plan, plan), 'answer-invalid'), SAYS.notAnAnswer);
  assert.equal(existsSync(out), false);
  assert.equal((await using(answer, plan)).status, 0);
  assert.equal(readFileSync(out, 'utf8'), TEXT);
});

test("a drive's answer proves that it opens, and is for no other drive", { skip }, async () => {
  const [drive, other] = [image(32 * MIB), image(32 * MIB)];
  await author.done(['format-drive', drive]);
  await author.done(['format-drive', other]);
  const answer = await answerOf(lyon, await requestOf(reader, drive));
  assert.match(
    refusedWith(await reader.run(['use-answer', answer, other, '--test', '--json']), 'answer-invalid'),
    SAYS.otherData,
  );
  assert.deepEqual(await reader.done(['use-answer', answer, drive, '--test']), {});
  assert.match(
    refusedWith(await reader.run(['use-answer', answer, drive, '--test', '--json']), 'answer-invalid'),
    SAYS.used,
  );
});

test('a request of another organisation, with a wrong claim, of a removed device or for a recovery password is refused', async () => {
  const request = await requestOf(reader, plan);
  const before = (await answered(root)).length;
  // Oslo never held it, and knows nobody above.
  await refusedAnswer(oslo, request, 'key-unavailable');
  await refusedAnswer(
    root,
    altered(request, (fields) => ({ ...fields, claim: 'AAAAAAAAAAAAAAAAAAAAAA' })),
    'key-unavailable',
  );
  const password = place.path('password');
  writeFileSync(password, 'eight words', { mode: 0o600 });
  const taken = await author.done(['take-recovery', password, '--kind', 'other', '--id', 'NAS']);
  const { claim } = AgentState.open(author.state, { create: false }).key(String(taken['key']))!;
  await refusedAnswer(
    lyon,
    altered(request, (fields) => ({ ...fields, stanzas: undefined, key: taken['key'], claim })),
    'not-allowed',
  );
  const lost = await place.enrol('lost', lyon);
  const ofLost = await requestOf(lost, plan);
  await lyon.done(['devices', 'remove', 'lost']);
  await refusedAnswer(lyon, ofLost, 'not-a-member');
  // As for a drive: the identity of the device that made the file would leave.
  await refusedAnswer(
    root,
    altered(request, (fields) => ({ ...fields, stanzas: undefined })),
    'key-request-invalid',
  );
  await refusedAnswer(root, password, 'key-request-invalid');
  await refusedAnswer(
    root,
    altered(request, (fields) => ({ ...fields, version: 2 })),
    'protocol-version',
  );
  assert.equal((await answered(root)).length, before);
});
