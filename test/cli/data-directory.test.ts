/** A server is found by its data directory, however deep that lies. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectToServer, connectTransfers } from '#cli/data-directory.ts';
import { reachableSocketPath } from '#disk/socket-path.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const inFolder = temporaryFolder('data-directory');

test('a directory too deep for a socket path is reached through a descriptor', async () => {
  const deep = inFolder(Array.from({ length: 12 }, () => 'a-rather-long-name').join('/'));
  mkdirSync(deep, { recursive: true });
  const answer = { listen: 'deep' };
  const server = createServer((_request, response) => response.end(JSON.stringify(answer)));
  // Made through a descriptor of its own, as the server does.
  const path = reachableSocketPath(deep);
  assert.ok(Buffer.byteLength(path) <= 107 && Buffer.byteLength(join(deep, 'keystair.sock')) > 107);
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  try {
    const client = await connectToServer(deep);
    // It answered; that it is no status is told by the schema.
    await assert.rejects(client('serverStatus', {}), { code: 'request-invalid' });
  } finally {
    server.close();
  }
});

test('exactly 107 bytes need no way round, one more does', () => {
  const folder = inFolder('x');
  const fill = (bytes: number): string =>
    join(folder, 'y'.repeat(bytes - folder.length - '//keystair.sock'.length));
  assert.equal(reachableSocketPath(fill(107)), join(fill(107), 'keystair.sock'));
  mkdirSync(fill(108), { recursive: true });
  assert.match(reachableSocketPath(fill(108)), /^\/proc\/self\/fd\/\d+\/keystair\.sock$/);
});

test('a directory that is not there, or is a file, is said plainly', async () => {
  await assert.rejects(connectToServer(inFolder('nowhere')), {
    code: 'not-found',
    sentence: REFUSED['not-found'].createIt(inFolder('nowhere')),
  });
  writeFileSync(inFolder('file'), '');
  await assert.rejects(connectToServer(inFolder('file')), { code: 'invalid-argument' });
});

test('where no server runs, the next step is to start it; where there is none, to look at the path first', async () => {
  mkdirSync(inFolder('idle'));
  writeFileSync(inFolder('idle/keystair.db'), '');
  mkdirSync(inFolder('other'));
  for (const [name, step] of [
    ['idle', 'start-server'],
    ['other', 'create-server'],
  ] as const) {
    const client = await connectToServer(inFolder(name));
    await assert.rejects(client('serverStatus', {}), {
      code: 'server-not-running',
      nextSteps: [{ name: step, details: { directory: inFolder(name) } }],
    });
    const transfers = await connectTransfers(inFolder(name));
    await assert.rejects(transfers.backup({ password: 'x' }, new AbortController().signal), {
      code: 'server-not-running',
      nextSteps: [{ name: step, details: { directory: inFolder(name) } }],
    });
  }
});

test('a directory that holds no server is not made into one by a look at it', async () => {
  mkdirSync(inFolder('mistaken'));
  const ran = await runKeystair(['server', 'verify', '--data', inFolder('mistaken'), '--json']);
  assert.match(refusedWith(ran, 'server-not-running'), REFUSED['server-not-running'].holdsNone);
  assert.deepEqual(readdirSync(inFolder('mistaken')), []);
});
