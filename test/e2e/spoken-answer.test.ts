/**
 * Somebody without a connection reads a request out over the telephone and types what is read back: the drive opens, once,
 * on this device alone, and a slip is found at the block where it was made.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { image, MIB } from '#test/agent/drives/images.ts';
import { unlessInstalled } from '#test/agent/system-tools.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import {
  type Device,
  type Json,
  organisation,
  refusedWith,
  type Server,
} from '#test/support/organisation.ts';

const place = organisation('spoken-answer');
const skip = unlessInstalled('cryptsetup');
const SAYS = REFUSED['answer-invalid'];
const ASKING = ['keys', 'answer', '-', '--spoken', '--reason', 'Kari calls from a hotel'];
let lyon: Server;
let author: Device;
let reader: Device;
let drive: string;
let other: string;

before(async () => {
  if (skip !== false) return;
  lyon = await place.server('Lyon');
  [author, reader] = await Promise.all([place.enrol('author', lyon), place.enrol('reader', lyon)]);
  [drive, other] = [image(32 * MIB), image(32 * MIB)];
  await author.done(['format-drive', drive]);
  await author.done(['format-drive', other]);
});

/** What is heard, with a word too much here and there. */
function typed(document: Json): string {
  const blocks = document['blocks'] as string[];
  assert.equal(blocks.length, 34);
  return `# as it was read\n${blocks.join('-').toLowerCase()}\n`;
}

function withSlip(heard: string, block: number): string {
  const blocks = heard.split('\n')[1]!.split('-');
  const [first, ...rest] = blocks[block - 1]!;
  return blocks.with(block - 1, (first === '7' ? '8' : '7') + rest.join('')).join(' ');
}

test('a drive opens by blocks that were read out in both directions, once, on the device that asked', {
  skip,
}, async () => {
  const request = typed(await reader.done(['request-file', drive, '--spoken']));
  const answered = await lyon.done(ASKING, request);
  assert.equal((answered['device'] as Json)['name'], 'reader');
  const answer = typed(answered);
  const using = (device: Device, path: string) =>
    device.run(['use-answer', '-', path, '--test', '--spoken', '--json'], answer);
  assert.match(refusedWith(await using(author, drive), 'answer-invalid'), SAYS.unknownRequest);
  assert.match(refusedWith(await using(reader, other), 'answer-invalid'), SAYS.unknownRequest);
  await reader.done(['request-file', other, '--spoken']);
  assert.match(refusedWith(await using(reader, other), 'answer-invalid'), SAYS.otherData);
  assert.equal((await using(reader, drive)).status, 0);
  assert.match(refusedWith(await using(reader, drive), 'answer-invalid'), SAYS.used);
  const { events } = (await lyon.done(['audit', 'list', '--find', 'key-answered'])) as { events: Json[] };
  assert.deepEqual(
    events.map(({ to, reason, as }) => [to, reason, as]),
    [['reader', 'Kari calls from a hotel', 'key']],
  );
});

test('a slip is named by its block, at either end, and costs nothing but that block', { skip }, async () => {
  const request = typed(await reader.done(['request-file', drive, '--spoken']));
  const heard = await lyon.run([...ASKING, '--json'], withSlip(request, 9));
  assert.match(refusedWith(heard, 'key-request-invalid'), /block 9 /);
  const answer = typed(await lyon.done(ASKING, request));
  const use = ['use-answer', '-', drive, '--test', '--spoken'];
  const wrong = await reader.run([...use, '--json'], withSlip(answer, 33));
  assert.match(refusedWith(wrong, 'answer-invalid'), /block 33 /);
  await reader.done(use, answer);
});

test('a file is asked for in a file, and one of both ways is chosen', { skip }, async () => {
  const path = place.path('plan.age');
  await author.encrypt('text', path);
  const said = await reader.run(['request-file', path, '--spoken', '--json']);
  assert.equal(said.status, 1, said.stderr);
  for (const wrong of [
    ['request-file', drive],
    ['request-file', drive, '--spoken', '--out', place.path('x')],
    ['use-answer', path, path, place.path('y'), '--spoken'],
  ])
    assert.equal((await reader.run(wrong)).status, 2, wrong.join(' '));
  const written = place.path('blocks');
  writeFileSync(written, 'x');
  const none = await lyon.run(['keys', 'answer', written, '--spoken', '--reason', 'r', '--json']);
  refusedWith(none, 'key-request-invalid');
});
