/** `keystair` alone: at every stage of a machine it says what is there and what to do next, and is exit 0. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';
import { beginKeystair } from '#test/support/run-keystair.ts';
import { OVERVIEW } from '#test/sentences/overview.ts';

const place = organisation('overview');
type Document = { server: Record<string, unknown> | null; agent: Record<string, unknown> | null };

/** What a person and a script are told. */
async function told(...variables: readonly string[]): Promise<{ lines: string; document: Document }> {
  const under = [
    'env',
    '-u',
    'KEYSTAIR_DATA',
    '-u',
    'KEYSTAIR_STATE',
    `XDG_STATE_HOME=${place.path('state')}`,
    ...variables,
  ];
  const [person, script] = await Promise.all([
    beginKeystair([], { under }).ended,
    beginKeystair(['--json'], { under }).ended,
  ]);
  for (const { status, stderr } of [person, script]) assert.deepEqual([status, stderr], [0, '']);
  return { lines: person.stdout, document: script.json() as Document };
}

const HAS_PLACES = existsSync('/var/lib/keystair') || existsSync('/var/lib/keystair-agent');

test('on an empty machine it says how to start, to enrol and to try', {
  skip: HAS_PLACES && 'this machine has a server or an agent of its own',
}, async () => {
  for (const variables of [[], ['KEYSTAIR_URL=https://keys.example']]) {
    const { lines, document } = await told(...variables);
    assert.deepEqual(document, { server: null, agent: null, logins: [] });
    assert.match(lines, OVERVIEW.everyStart);
  }
});

test('with a data directory it says whether a server runs there, and the next command', async () => {
  const none = place.path('none');
  const missing = await told(`KEYSTAIR_DATA=${none}`);
  assert.match(missing.lines, OVERVIEW.noDirectory);
  assert.ok(!existsSync(none), 'nothing was made');
  mkdirSync(none);
  assert.match((await told(`KEYSTAIR_DATA=${none}`)).lines, OVERVIEW.noneYet);
  assert.deepEqual(readdirSync(none), []);

  const oslo = await place.server('Oslo');
  const running = await told(`KEYSTAIR_DATA=${oslo.data}`);
  assert.equal(running.document.server?.['name'], 'Oslo');
  assert.match(running.lines, OVERVIEW.running);
  await oslo.stop();
  const stopped = await told(`KEYSTAIR_DATA=${oslo.data}`);
  assert.equal(stopped.document.server?.['running'], false);
  assert.match(stopped.lines, OVERVIEW.stopped);
});

test('with an agent it says its server, and whether the last heartbeat went through', async () => {
  const lyon = await place.server('Lyon');
  const device = await place.enrol('Laptop', lyon);
  const state = `KEYSTAIR_STATE=${device.state}`;
  const fine = await told(state);
  assert.equal(fine.document.agent?.['problem'], null);
  assert.match(fine.lines, OVERVIEW.enrolled);
  await lyon.stop();
  assert.notEqual((await beginKeystair(['agent', 'heartbeat', '--state', device.state]).ended).status, 0);
  const failed = await told(state);
  assert.equal(typeof failed.document.agent?.['problem'], 'string');
  assert.match(failed.lines, OVERVIEW.problemAtHeartbeat);
  assert.match((await told(`KEYSTAIR_STATE=${place.path('new')}`)).lines, OVERVIEW.enrol);
});

test('what cannot be asked is said, and nobody waits for what hangs', async () => {
  const file = place.path('file');
  writeFileSync(file, '');
  assert.match((await told(`KEYSTAIR_DATA=${file}`, `KEYSTAIR_STATE=${file}`)).lines, OVERVIEW.next);
  const silent = place.path('silent');
  mkdirSync(silent, { mode: 0o700 });
  const server = createServer(() => {});
  await new Promise<void>((resolve) => {
    server.listen(join(silent, 'keystair.sock'), resolve);
  });
  try {
    assert.match((await told(`KEYSTAIR_DATA=${silent}`)).lines, OVERVIEW.silent);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
