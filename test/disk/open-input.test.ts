/** Reading what comes through a pipe: whole however slowly it comes, and given up at once where nobody writes. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { openInput } from '#agent/files/file-streams.ts';
import { openInputFile } from '#disk/open-input.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { job } from '#test/agent/files/whole-files.ts';

const inFolder = temporaryFolder('open-input');

function pipe(name: string): string {
  const path = inFolder(name);
  execFileSync('mkfifo', [path]);
  return path;
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of stream) blocks.push(block);
  return Buffer.concat(blocks);
}

test('a pipe is read to its end, though its writer comes late and pauses', async () => {
  const path = pipe('slow');
  const { size, stream } = await openInputFile(path);
  assert.equal(size, undefined);
  const all = readAll(stream);
  spawn('sh', [
    '-c',
    `exec 3> "${path}"; echo one >&3; sleep 0.2; echo two >&3; head -c 300000 /dev/zero >&3`,
  ]);
  const read = await all;
  assert.equal(read.subarray(0, 8).toString(), 'one\ntwo\n');
  assert.equal(read.length, 300_008);
});

test('a pipe whose writer opens it and writes nothing is empty', async () => {
  const path = pipe('empty');
  const { stream } = await openInputFile(path);
  spawn('sh', ['-c', `: > "${path}"`]);
  assert.equal((await readAll(stream)).length, 0);
});

// Without it a thread would wait for the pipe, and this process never end.
test('waiting for a pipe that nobody opens, or whose writer says nothing more, is given up', async () => {
  for (const written of [undefined, 'begun']) {
    const path = pipe(`silent-${written ?? 'never'}`);
    const stop = new AbortController();
    const input = await openInput(path, job.streams, stop.signal);
    const writer = written === undefined ? undefined : openSync(path, constants.O_WRONLY);
    if (writer !== undefined) writeSync(writer, 'begun');
    const reading = readAll(input.bytes);
    setImmediate(() => stop.abort());
    await assert.rejects(reading, { code: 'interrupted' });
    if (writer !== undefined) closeSync(writer);
  }
});
