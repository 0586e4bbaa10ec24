/** Names from other machines, or from before there was a rule: everything that shows one escapes what cannot be seen. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { type Ran, runKeystair } from '#test/support/run-keystair.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';
import { someDevice } from '#test/support/some-member.ts';

const inFolder = temporaryFolder('hostile-names');
/** Clears the screen, turns the direction, hides, and begins a line that looks like ours. */
const HOSTILE = 'Os\u202elo\u200b\u001b[2J\nkeystair: all is well\u2028\u009b';
const data = inFolder('data');
let server: RunningServer;
let key = '';

before(async () => {
  const secondary = someDevice(HOSTILE, { kind: 'secondary' });
  const members = [someDevice(HOSTILE), secondary, someDevice(HOSTILE)];
  [key = ''] = await makeDirectory(data, HOSTILE, 2, members, HOSTILE);
  server = await startServer(data);
  atTheEnd(() => server.process.kill('SIGKILL'));
});

// oxlint-disable-next-line no-control-regex
const SEEN_AS_IT_IS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e]|^keystair: all is well/mu;

function requireReadable(what: string, text: string): void {
  assert.doesNotMatch(text, SEEN_AS_IT_IS, what);
}

const run = (...args: readonly string[]): Promise<Ran> => runKeystair([...args, '--data', data]);

for (const words of [
  ['server', 'status'],
  ['server', 'settings'],
  ['server', 'settings', '--use-hierarchy', 'on'],
  ['server', 'seals'],
  ['server', 'verify'],
  ['hierarchy', 'show'],
  ['devices', 'list'],
  ['keys', 'list'],
  ['keys', 'show', 'KEY'],
  ['keys', 'explain', 'KEY'],
]) {
  test(`keystair ${words.join(' ')} shows nothing that cannot be seen, and its JSON is true`, async () => {
    const args = words.map((word) => (word === 'KEY' ? key : word));
    const [shown, json] = [await run(...args), await run(...args, '--json')];
    assert.equal(shown.status, 0, shown.stderr);
    for (const text of [shown.stdout, shown.stderr, json.stdout, json.stderr]) {
      requireReadable(words.join(' '), text);
    }
    if (!['settings', 'seals', 'verify'].includes(words[1]!)) {
      assert.match(shown.stdout, /\\u\{202E\}/);
      assert.ok(JSON.stringify(json.json()).includes(JSON.stringify(HOSTILE).slice(1, -1)));
    }
  });
}

test('a refusal that repeats a name stays one line that can be read', async () => {
  const ambiguous = await run('devices', 'remove', HOSTILE);
  assert.equal(ambiguous.status, 1);
  assert.match(ambiguous.stderr, /^keystair: ambiguous-name: [^\n]*\n$/);
  requireReadable('devices remove', ambiguous.stderr);
});

test('neither the log nor the line of a start holds what cannot be seen', async () => {
  assert.equal(await server.stop(), 0);
  assert.match(server.log(), /\\u202elo/);
  for (const line of server.log().split('\n')) requireReadable('the log', line);
  assert.equal(server.server.name, HOSTILE);
});

test('a name that cannot be read is refused where it is given, on the command line and in the configuration', async () => {
  const config = inFolder('config.json');
  writeFileSync(config, JSON.stringify({ name: 'Os\u202elo' }));
  const start = ['server', 'start', '--data', inFolder('other'), '--listen', '127.0.0.1:0'];
  for (const args of [
    [...start, '--name', 'Os\u202elo'],
    ['agent', 'enrol', '-', '--state', inFolder('s'), '--name', 'a\u00a0b'],
    ['agent', 'format-drive', '/dev/null', '--state', inFolder('s'), '--label', 'blue\u200b'],
    ['keys', 'reveal', key, '--data', data, '--reason', 'because\u2066'],
  ]) {
    const ran = await runKeystair(args);
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, REFUSED['invalid-argument'].unseenCharacter);
  }
  const ran = await runKeystair([...start, '--config', config]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^keystair: invalid-argument: [^\n]*\n$/);
});

test('a configuration file with a byte order mark is read, and a decomposed name comes in one form', async () => {
  const config = inFolder('marked.json');
  writeFileSync(config, `\ufeff${JSON.stringify({ name: 'Zu\u0308rich' })}`);
  const zurich = await startServer(inFolder('zurich'), ['--config', config]);
  atTheEnd(() => zurich.process.kill('SIGKILL'));
  assert.equal(zurich.server.name, 'Z\u00fcrich');
  const { invitation } = (await runKeystair(['devices', 'invite', '--data', zurich.data, '--json'])).json();
  const wrapped = inFolder('wrapped.txt');
  // As mail wraps it.
  writeFileSync(wrapped, `  ${String(invitation).replaceAll(/.{76}/g, '$&\r\n  ')}\r\n`);
  const enrolled = await runKeystair(['agent', 'enrol', wrapped, '--state', inFolder('agent')]);
  assert.equal(enrolled.status, 0, enrolled.stderr);
  assert.equal(await zurich.stop(), 0);
});
