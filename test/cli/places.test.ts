/** Where a server and an agent are found when no option says so: what is named beats what is usual. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { environmentFrom } from '#cli/environment.ts';
import { KeystairError } from '#domain/errors.ts';
import { agentPlace, placesOf, serverPlace, startPlace } from '#cli/places.ts';
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

test('a URL comes behind a named directory and before the usual one, and is not served yet', () => {
  const url = { KEYSTAIR_URL: 'https://keys.example' };
  assert.equal(serverPlace(places({ ...url, KEYSTAIR_DATA: 'named' }, there)), 'named');
  assert.throws(() => serverPlace(places(url, there)), { code: 'not-available-yet' });
  assert.equal(startPlace(places(url, there)), there.data, 'a start addresses no server');
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

test('a URL, wherever it is given, is exit 2 and said to come later', async () => {
  for (const [variables, ...args] of [
    [['KEYSTAIR_URL=https://keys.example'], 'keys', 'list'],
    [[], 'keys', 'list', '--url', 'https://keys.example'],
    [[], 'keys', 'list', '--api-key-file', 'FILE'],
    [[], 'server', 'backup', 'FILE', '--api-key-file', 'FILE'],
  ] as const) {
    const ran = await runWith(variables, ...args);
    assert.deepEqual([ran.status, ran.stdout], [2, ''], args.join(' '));
    assert.match(ran.stderr, /^keystair: not-available-yet: [^\n]*not available in this release yet/);
  }
});
