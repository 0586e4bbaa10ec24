/** An administrator's day with two servers, by the command line alone. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { type Ran, runKeystair } from '#test/support/run-keystair.ts';
import { type RunningServer, startServer } from '#test/support/running-server.ts';

const inFolder = temporaryFolder('server-commands');
let oslo: RunningServer;
let lyon: RunningServer;

before(async () => {
  [oslo, lyon] = await Promise.all([
    startServer(inFolder('oslo'), ['--name', 'Oslo']),
    startServer(inFolder('lyon'), ['--name', 'Lyon']),
  ]);
});
after(async () => {
  await Promise.all([oslo.stop(), lyon.stop()]);
});

async function run(server: RunningServer, line: string, stdin = ''): Promise<Ran> {
  return await runKeystair([...line.split(' '), '--data', server.data], { stdin });
}

async function done(server: RunningServer, line: string, stdin = ''): Promise<Record<string, unknown>> {
  const ran = await run(server, `${line} --json`, stdin);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^\{.*\}\n$/);
  return ran.json();
}

test('the ready line names the server, where it listens, and that no console serves yet', () => {
  assert.equal(oslo.server.name, 'Oslo');
  assert.match(oslo.listen, /^127\.0\.0\.1:[1-9]\d*$/);
});

test('the socket in the data directory is for its owner only', () => {
  assert.equal(statSync(join(oslo.data, 'keystair.sock')).mode & 0o777, 0o600);
});

test('the status of a new server has every field of the contract', async () => {
  const status = await done(oslo, 'server status');
  const { server, useHierarchy, keys, headSeq, epoch, primary, secondaries } = status;
  assert.deepEqual(
    { useHierarchy, keys, headSeq, primary, secondaries },
    {
      useHierarchy: false,
      keys: 0,
      headSeq: 0,
      primary: null,
      secondaries: [],
    },
  );
  assert.equal((server as { id: string }).id, oslo.server.id);
  assert.equal(typeof epoch, 'string');
});

test('a recipient of two thousand characters is shortened in the status, and whole where it is asked for', async () => {
  const [hybrid, x25519] = (await done(oslo, 'server status'))['recipients'] as [string, string];
  const { stdout } = await run(oslo, 'server status');
  assert.ok(!stdout.includes(hybrid) && stdout.includes(hybrid.slice(0, 20)) && stdout.includes(x25519));
  assert.equal((await run(oslo, 'server recipient')).stdout, `${hybrid}\n`);
  assert.equal((await run(oslo, 'server recipient --x25519')).stdout, `${x25519}\n`);
  assert.deepEqual(await done(oslo, 'server recipient'), { recipients: [hybrid, x25519] });
});

test('settings are shown, and changed one by one', async () => {
  const before = await done(lyon, 'server settings');
  assert.equal(before['transmit'], 'immediately');
  const changed = await done(lyon, 'server settings --transmit heartbeat --heartbeat 2m');
  assert.deepEqual(
    [changed['transmit'], changed['heartbeat'], changed['useHierarchy']],
    ['heartbeat', 120, false],
  );
  await done(lyon, 'server settings --transmit immediately --heartbeat 900');
});

test('a secondary joins by an invitation alone, and is told what is still off and where', async () => {
  const invited = await run(oslo, 'hierarchy invite --expires 1h');
  assert.equal(invited.status, 0);
  // Standard output is the invitation and nothing else, so that it can go to a file.
  assert.match(invited.stdout, /^\S+\n$/);
  assert.match(invited.stderr, SHOWN.joinWithTheFile);
  const joined = await run(lyon, 'hierarchy join - --use-hierarchy on', invited.stdout);
  assert.equal(joined.status, 0, joined.stderr);
  assert.match(joined.stdout, SHOWN.offAtThePrimary);
  assert.doesNotMatch(joined.stdout, SHOWN.offHere);
});

test('a second join is refused, naming the way out, and a spent invitation does not work elsewhere', async () => {
  const { invitation } = await done(oslo, 'hierarchy invite');
  const file = inFolder('invitation');
  writeFileSync(file, `${String(invitation)}\n`);
  const other = await startServer(inFolder('bergen'), ['--name', 'Bergen']);
  try {
    assert.equal((await run(other, `hierarchy join ${file}`)).status, 0);
    const fromBergen = String((await done(other, 'hierarchy invite'))['invitation']);
    const again = await run(lyon, 'hierarchy join -', fromBergen);
    assert.equal(again.status, 1);
    assert.equal(again.stdout, '');
    assert.match(again.stderr, REFUSED['already-joined'].leave);
    assert.doesNotMatch(again.stderr, new RegExp(fromBergen));
    assert.deepEqual(await done(other, 'hierarchy leave'), {});
  } finally {
    await other.stop();
  }
});

test('a changed option names who has not heard of it, until the heartbeat', async () => {
  const answer = await run(oslo, 'server settings --use-hierarchy on');
  assert.match(answer.stdout, SHOWN.lyonNotHeard);
  assert.match((await run(oslo, 'server settings')).stdout, SHOWN.lyonNotHeard);
  const beat = await done(lyon, 'hierarchy heartbeat');
  assert.deepEqual(beat, { acknowledgedSeq: 0, transmitted: 0 });
  assert.doesNotMatch((await run(oslo, 'server settings')).stdout, SHOWN.notHeard);
});

test('the tree is shown from either end, and every place that shows a DMZ link points to the file', async () => {
  const plain = await run(oslo, 'hierarchy show');
  assert.match(plain.stdout, SHOWN.thisIsOslo);
  assert.doesNotMatch(plain.stdout, SHOWN.byHand);
  assert.deepEqual(await done(oslo, 'hierarchy set Lyon --dmz on'), {});
  await done(lyon, 'hierarchy heartbeat');
  for (const [server, line] of [
    [oslo, 'hierarchy show'],
    [oslo, 'server status'],
    [lyon, 'server status'],
  ] as const) {
    assert.match((await run(server, line)).stdout, SHOWN.noKeyCrosses);
  }
  const nothing = await run(lyon, 'hierarchy heartbeat');
  assert.match(nothing.stdout, SHOWN.nothingTransmittedOverDmz);
  assert.deepEqual(await done(oslo, 'hierarchy set Lyon --dmz off'), {});
  await done(lyon, 'hierarchy heartbeat');
});

test('a heartbeat says at which end the option is off, and nothing where it is on', async () => {
  assert.doesNotMatch((await run(lyon, 'hierarchy heartbeat')).stdout, /off/);
  await done(lyon, 'server settings --use-hierarchy off');
  assert.match((await run(lyon, 'hierarchy heartbeat')).stdout, SHOWN.offHere);
  await done(lyon, 'server settings --use-hierarchy on');
  await done(oslo, 'server settings --use-hierarchy off');
  assert.match((await run(lyon, 'hierarchy heartbeat')).stdout, SHOWN.offAtThePrimary);
  await done(oslo, 'server settings --use-hierarchy on');
});

test('no key is no failure, and an unknown one is', async () => {
  assert.deepEqual(await done(oslo, 'keys list'), { keys: [] });
  const unknown = await run(oslo, 'keys show 019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /^keystair: not-found: /);
  const explained = await done(lyon, 'keys explain 019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6071');
  assert.deepEqual(
    (explained['path'] as { server: { name: string }; has: unknown }[]).map(({ server, has }) => [
      server.name,
      has,
    ]),
    [
      ['Lyon', false],
      ['Oslo', false],
    ],
  );
  assert.equal(typeof explained['nextStep'], 'string');
});

test('explain wants exactly one way to say which key is meant', async () => {
  for (const line of ['keys explain', 'keys explain a --file b', 'keys explain --file a --drive b']) {
    assert.equal((await run(oslo, line)).status, 2, line);
  }
});

test('devices are invited like servers, and none is no failure', async () => {
  assert.match((await run(oslo, 'devices invite')).stdout, /^\S+\n$/);
  assert.deepEqual(await done(oslo, 'devices list'), { devices: [] });
});

test('an invitation of a server that only its own machine reaches says so', async () => {
  for (const line of ['hierarchy invite', 'devices invite']) {
    assert.match((await run(oslo, line)).stderr, SHOWN.onlyThisMachine(oslo.listen));
  }
  const named = await startServer(inFolder('named'), ['--address', 'keys.example.org:7443']);
  assert.doesNotMatch((await run(named, 'devices invite')).stderr, SHOWN.leadsTo);
  await named.stop();
});

test('who is to be removed but is the primary is left instead', async () => {
  const refused = await run(lyon, 'hierarchy remove Oslo');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, REFUSED['not-found'].itIsThePrimary);
});

test('removing and leaving end the link, and leave with no primary is refused', async () => {
  assert.deepEqual(await done(oslo, 'hierarchy remove Lyon'), {});
  assert.deepEqual(await done(lyon, 'hierarchy leave'), {});
  const again = await run(lyon, 'hierarchy leave');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /^keystair: no-primary: [^\n]+\n$/);
});

test('verify works on a running server and on a stopped one', async () => {
  const running = await done(oslo, 'server verify');
  assert.deepEqual(running, { ok: true, keys: 0, problems: [], damaged: [] });
  assert.equal(await lyon.stop(), 0);
  assert.deepEqual(await done(lyon, 'server verify'), running);
});

test('a stopped server keeps its identity, and a directory serves one server at a time', async () => {
  const second = await runKeystair(['server', 'start', '--data', oslo.data]);
  assert.equal(second.status, 1);
  assert.equal(second.stdout, '');
  assert.match(second.stderr, /keystair: data-in-use: /);
  const again = await startServer(lyon.data);
  assert.deepEqual(again.server, lyon.server);
  assert.equal(await again.stop(), 0);
});

test('a command that names the version it was decided on changes nothing once somebody else was first', async () => {
  await done(oslo, 'people add Nils --service --role Auditor');
  await done(oslo, 'roles add Reader --right People:Read');
  for (const [show, set, first, second] of [
    ['people show Nils', 'people set Nils', '--no-roles', '--role Approver'],
    ['roles show Reader', 'roles set Reader', '--right People:Write', '--right People:Read'],
    ['server settings', 'server settings', '--heartbeat 90', '--heartbeat 120'],
  ] as const) {
    const { version } = await done(oslo, show);
    assert.match(String(version), /^[\w-]{22}$/);
    await done(oslo, `${set} ${first} --if-version=${String(version)}`);
    const refused = await run(oslo, `${set} ${second} --if-version=${String(version)} --json`);
    assert.equal(refused.status, 1, refused.stderr);
    const now = await done(oslo, show);
    assert.notEqual(now['version'], version);
    await done(oslo, `${set} ${second} --if-version=${String(now['version'])}`);
  }
});

test('whoever sets or sees what no device carries out yet is told so, and of nothing else', async () => {
  const told = (said: string): string[] => said.split('\n').filter((line) => line.includes('about it yet'));
  const file = inFolder('policy');
  const set = `policies set Oslo --file ${file}`;
  writeFileSync(file, '{"headerBackup":true,"proofHours":6}');
  for (const line of [`${set} --dry-run`, set, 'policies show Oslo']) {
    const { stdout, stderr } = await run(oslo, line);
    const notes = told(stdout + stderr);
    assert.equal(notes.length, 1, line);
    assert.ok(notes[0]!.includes('headerBackup'), line);
  }
  writeFileSync(file, '{"headerBackup":false,"proofHours":6}');
  for (const line of [set, 'policies show Oslo']) {
    const { stdout, stderr } = await run(oslo, line);
    assert.deepEqual(told(stdout + stderr), [], line);
  }
});
