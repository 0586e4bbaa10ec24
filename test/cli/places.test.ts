/** Where a server and an agent are found when no option says so: what is named beats what is usual. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { environmentFrom } from '#cli/environment.ts';
import { KeystairError } from '#domain/errors.ts';
import {
  agentPlace,
  type GivenAddress,
  placesOf,
  type Places,
  serverAddress,
  startPlace,
} from '#cli/places.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { beginKeystair, type Ran } from '#test/support/run-keystair.ts';

const inFolder = temporaryFolder('places');
const there = { data: inFolder('usual'), state: inFolder('usual-agent') };
const nowhere = { data: inFolder('not/there'), state: inFolder('not/there-agent') };
mkdirSync(there.data);
mkdirSync(there.state);

function places(variables: Record<string, string>, usual: typeof there) {
  return placesOf(environmentFrom(variables), usual);
}

/** A place on this machine, or a URL. */
function serverPlace(found: Places, given: GivenAddress = {}): string {
  const address = serverAddress(given, found);
  return address.at === 'url' ? address.url : address.directory;
}

test('the variable comes before the usual place, and the usual place counts where it is there', () => {
  const both = places({ KEYSTAIR_DATA: 'named', KEYSTAIR_STATE: 'named-agent' }, there);
  assert.deepEqual(
    [serverPlace(both), startPlace(both), agentPlace(both)],
    ['named', 'named', 'named-agent'],
  );
  const usual = places({}, there);
  assert.deepEqual(
    [serverPlace(usual), startPlace(usual), agentPlace(usual)],
    [there.data, there.data, there.state],
  );
});

test('a variable that is set to nothing counts as not set', () => {
  const empty = places({ KEYSTAIR_DATA: '', KEYSTAIR_URL: '', KEYSTAIR_STATE: '' }, there);
  assert.deepEqual([serverPlace(empty), agentPlace(empty)], [there.data, there.state]);
});

test('a URL comes behind a named directory and before the usual one', () => {
  const url = { KEYSTAIR_URL: 'https://keys.example/' };
  const both = places({ ...url, KEYSTAIR_DATA: 'named' }, there);
  assert.equal(serverPlace(both), 'named');
  assert.equal(serverPlace(places(url, there)), 'https://keys.example');
  assert.equal(startPlace(places(url, there)), there.data, 'a start addresses no server');
  assert.equal(serverPlace(both, { url: 'https://other.example:8444' }), 'https://other.example:8444');
  assert.equal(serverPlace(both, { apiKeyFile: 'key' }), 'https://keys.example', 'a key is for a URL');
  assert.equal(serverPlace(places(url, there), { data: 'given' }), 'given');
});

test('a directory and a URL do not go together, and neither is guessed from half of what it takes', () => {
  const plain = { code: 'invalid-argument' };
  const nothing = places({}, there);
  for (const given of [
    { data: 'named', url: 'https://keys.example' },
    { data: 'named', apiKeyFile: 'key' },
    { data: 'named', fingerprint: 'AA' },
    { apiKeyFile: 'key' },
    { fingerprint: 'AA' },
    { url: 'keys.example' },
    { url: 'http://keys.example' },
    { url: 'https://keys.example/people' },
    { url: 'https://keys.example', fingerprint: 'AA' },
  ])
    assert.throws(() => serverPlace(nothing, given), plain, JSON.stringify(given));
  assert.throws(() => serverPlace(places({ KEYSTAIR_URL: 'keys' }, there)), /KEYSTAIR_URL must be like/);
});

test('logins are kept in the folder that the user has for state', () => {
  assert.equal(places({ XDG_STATE_HOME: '/users/kari' }, there).logins, '/users/kari/keystair');
  assert.match(places({ XDG_STATE_HOME: 'relative' }, there).logins, /^\/.*\/\.local\/state\/keystair$/);
});

test('where nothing is found, the sentence names what was looked for, in order, and what makes one', () => {
  for (const [find, said] of [
    [
      serverPlace,
      /--data DIR .*KEYSTAIR_DATA .*KEYSTAIR_URL .*\/var\/lib\/keystair; .*keystair server start /,
    ],
    [startPlace, /--data DIR .*KEYSTAIR_DATA .*\/var\/lib\/keystair; .*keystair server start --data DIR/],
    [agentPlace, /--state DIR .*KEYSTAIR_STATE .*\/var\/lib\/keystair-agent; .*keystair agent enrol FILE /],
  ] as const) {
    assert.throws(
      () => find(places({}, nowhere)),
      (error) => {
        assert.ok(error instanceof KeystairError);
        assert.match(error.sentence, said);
        return true;
      },
    );
  }
});

function runWith(variables: readonly string[], ...args: readonly string[]): Promise<Ran> {
  return beginKeystair(args, { under: ['env', ...variables] }).ended;
}

test('every command finds its directory by the variable, and an option beats it', async () => {
  const named = [`KEYSTAIR_DATA=${inFolder('by-variable')}`, `KEYSTAIR_STATE=${inFolder('by-variable')}`];
  const found: readonly (readonly [readonly string[], string])[] = [
    [['server', 'status'], 'not-found'],
    [['server', 'backup', inFolder('backup')], 'not-found'],
    [['keys', 'list'], 'not-found'],
    [['agent', 'status'], 'not-enrolled'],
  ];
  for (const [args, code] of found) {
    assert.match(refusedWith(await runWith(named, ...args), code), /by-variable/, args.join(' '));
    const option = args[0] === 'agent' ? '--state' : '--data';
    const ran = await runWith(named, ...args, option, inFolder('by-option'));
    assert.match(refusedWith(ran, code), /by-option/, args.join(' '));
  }
});

test('a restore says where to, whatever the variable says', async () => {
  const ran = await runWith([`KEYSTAIR_DATA=${inFolder('by-variable')}`], 'server', 'restore', 'FILE');
  assert.deepEqual([ran.status, ran.stdout], [2, '']);
  assert.match(ran.stderr, /^keystair: invalid-argument: --data DIR is missing/);
});

test('a URL where a directory is needed, or beside one, is exit 2', async () => {
  const url = ['--url', 'https://keys.example'];
  for (const args of [
    ['keys', 'list', '--data', inFolder('by-option'), ...url],
    ['server', 'backup', 'FILE', '--data', inFolder('by-option'), ...url],
    ['server', 'start', '--data', inFolder('by-option'), ...url],
    ['server', 'restore', 'FILE', '--data', inFolder('by-option'), ...url],
    ['server', 'verify', '--config', 'FILE', ...url],
    ['keys', 'list', '--data', inFolder('by-option'), '--api-key-file', 'FILE'],
  ]) {
    const ran = await runWith([], ...args);
    assert.deepEqual([ran.status, ran.stdout], [2, ''], args.join(' '));
    assert.match(ran.stderr, /^keystair: invalid-argument: /);
  }
});
