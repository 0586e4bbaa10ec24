/**
 * A server's people over the network, from the set-up link to the end of a session, with the command line as they use
 * it: a server of its own process behind TLS that no authority vouches for.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { TOTP } from 'otpauth';
import { readLogin } from '#cli/kept-logins.ts';
import { setUp } from '#cli/set-up.ts';
import { doneJson, type Json, organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { beginKeystair, type Ran, startKeystair } from '#test/support/run-keystair.ts';

const place = organisation('people-over-the-network', { passwords: 'cheap' });
const PASSWORD = 'walnut carpet engine drizzle';
const STEP_MS = 30_000;
const WRONG = 'AA:'.repeat(31).concat('AA');

let oslo: Server;
let url: string;
let fingerprint: string;

function secretFile(name: string, text: string): string {
  const path = place.path(name);
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A command at another machine, whose user keeps logins in a folder of their own. */
function elsewhere(user: string, ...args: readonly string[]): Promise<Ran> {
  const under = ['env', '-u', 'KEYSTAIR_DATA', `XDG_STATE_HOME=${place.path(`state-${user}`)}`];
  return beginKeystair([...args, '--url', url], { under }).ended;
}

interface WayIn extends Json {
  readonly person: { readonly id: string; readonly name: string; readonly roles: readonly string[] };
  readonly setupUrl: string;
  readonly apiKey: string;
}

before(async () => {
  oslo = await place.server('Oslo', { args: ['--console', '127.0.0.1:0'] });
  const status = await oslo.call('serverStatus', {});
  assert.ok(status.console !== null && status.consoleFingerprint !== null);
  url = status.console;
  fingerprint = status.consoleFingerprint;
});

/** With the app of a person who follows the link. @returns the secret of the app. */
async function setUpAs(user: string, link: string, password: string): Promise<string> {
  let secret = '';
  const otpFile = place.path(`code-${user}`);
  await setUp(
    { link, fingerprint, passwordFile: secretFile(`password-${user}`, password), otpFile },
    {
      places: { logins: place.path(`state-${user}/keystair`) },
      terminal: {
        inputIsPerson: false,
        say: () => undefined,
        show: async (line) => {
          secret ||= /Secret: ([A-Z2-7]+)$/.exec(line)?.[1] ?? '';
          if (secret !== '') secretFile(`code-${user}`, codeOf(secret, 0));
        },
      },
    },
  );
  return secret;
}

function codeOf(secret: string, stepsAhead: number): string {
  return new TOTP({ secret }).generate({ timestamp: Date.now() + stepsAhead * STEP_MS });
}

/** Replaces the app of a person who is signed in, and brings a code of the new one. */
async function newAppOf(user: string): Promise<void> {
  const pipe = place.path(`new-code-${user}`);
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const under = ['env', '-u', 'KEYSTAIR_DATA', `XDG_STATE_HOME=${place.path(`state-${user}`)}`];
  const child = startKeystair(['people', 'change-app', '--otp-file', pipe, '--url', url, '--json'], {
    under,
  });
  let told = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    const known = told.includes('otpauth:');
    told += text;
    const [, secret] = /Secret: ([A-Z2-7]+)\n/.exec(told) ?? [];
    if (!known && told.includes('otpauth:')) void writeFile(pipe, codeOf(secret!, 0));
  });
  await once(child, 'close');
  assert.equal(child.exitCode, 0, told);
}

test('a person follows their link, signs in, does what their role lets them, and is out when another ends it', async () => {
  const added = (await oslo.done(['people', 'add', 'Anna Berg', '--role', 'Auditor'])) as WayIn;
  assert.deepEqual(added.person.roles, ['Auditor']);
  assert.ok(added.setupUrl.startsWith(url));
  const secret = await setUpAs('anna', added.setupUrl, PASSWORD);
  const me = doneJson(await elsewhere('anna', 'whoami', '--json')) as WayIn;
  assert.deepEqual([me.person.id, me.person.name], [added.person.id, 'Anna Berg']);
  assert.equal(doneJson(await elsewhere('anna', 'logout', '--json')) !== undefined, true);
  assert.match(
    refusedWith(await elsewhere('anna', 'whoami'), 'untrusted-server'),
    REFUSED['untrusted-server'].nothingSent,
  );

  // The code of the set-up's step has served once.
  const files = ['--password-file', place.path('password-anna'), '--otp-file'];
  const login = (file: string, pin: string): Promise<Ran> =>
    elsewhere('anna', 'login', '--user', 'anna berg', ...files, file, '--fingerprint', pin, '--json');
  const code = secretFile('code', codeOf(secret, 1));
  refusedWith(await login(code, WRONG), 'untrusted-server');
  refusedWith(await login(secretFile('no-code', '000000'), fingerprint), 'sign-in-failed');
  const signedIn = doneJson(await login(code, fingerprint)) as WayIn & { rights: Json[]; expiresAt: string };
  assert.equal(signedIn.person.name, 'Anna Berg');
  assert.ok(signedIn.rights.length > 0 && Date.parse(signedIn.expiresAt) > Date.now());

  doneJson(await elsewhere('anna', 'devices', 'list', '--json'));
  refusedWith(await elsewhere('anna', 'devices', 'invite'), 'not-allowed');

  const own = ['--password-file', place.path('password-anna'), '--new-password-file'];
  const next = secretFile('next-password', 'lantern otter pencil marble');
  doneJson(await elsewhere('anna', 'people', 'change-password', ...own, next, '--json'));
  const codes = doneJson(await elsewhere('anna', 'people', 'recovery-codes', '--json'));
  assert.equal((codes['recoveryCodes'] as Json[]).length, 10);
  await newAppOf('anna');
  const mine = doneJson(await elsewhere('anna', 'sessions', 'list', '--own', '--json'));
  assert.equal((mine['sessions'] as Json[]).length, 1);

  const { sessions } = (await oslo.done(['sessions', 'list', '--person', 'Anna Berg'])) as {
    sessions: Json[];
  };
  assert.equal(sessions.length, 1);
  await oslo.done(['sessions', 'end', String(sessions[0]?.['id'])]);
  const ended = await elsewhere('anna', 'devices', 'list');
  assert.match(refusedWith(ended, 'not-signed-in'), REFUSED['not-signed-in'].ended(url));
  assert.equal((await elsewhere('anna', 'logout')).status, 0);
  assert.equal(readLogin(place.path('state-anna/keystair'), url), undefined);
});

test('a program calls with its key, has the rights of its role and no others, and its key can be made anew', async () => {
  await oslo.done(['roles', 'add', 'Enroller', '--right', 'Managed devices:Write']);
  const added = (await oslo.done([
    'people',
    'add',
    'enrolment',
    '--service',
    '--expires',
    '90d',
    '--role',
    'Enroller',
  ])) as WayIn;
  const byKey = ['--api-key-file', secretFile('key', `${added.apiKey}\n`), '--json'];
  refusedWith(await elsewhere('program', 'whoami', ...byKey), 'untrusted-server');
  doneJson(await elsewhere('program', 'login', ...byKey, '--fingerprint', fingerprint));
  assert.equal(readLogin(place.path('state-program/keystair'), url)?.session, null);
  assert.ok('invitation' in doneJson(await elsewhere('program', 'devices', 'invite', ...byKey)));
  refusedWith(await elsewhere('program', 'keys', 'list', ...byKey), 'not-allowed');
  const anew = (await oslo.done(['people', 'reset', 'enrolment'])) as WayIn;
  refusedWith(await elsewhere('program', 'whoami', ...byKey), 'not-signed-in');
  const next = ['--api-key-file', secretFile('next-key', anew.apiKey), '--json'];
  doneJson(await elsewhere('program', 'whoami', ...next));
  await oslo.done(['people', 'remove', 'enrolment']);
  refusedWith(await elsewhere('program', 'whoami', ...next), 'not-signed-in');
});

test('people, roles and sessions are listed as the contract says', async () => {
  await oslo.done(['people', 'add', 'Kari', '--role', 'Help desk']);
  const { people } = (await oslo.done(['people', 'list'])) as { people: Json[] };
  for (const person of people)
    assert.deepEqual(Object.keys(person).toSorted(), ['id', 'lastSeenAt', 'name', 'roles', 'service']);
  await oslo.done(['people', 'set', 'Kari', '--role', 'Auditor', '--role', 'Help desk']);
  const { person } = (await oslo.done(['people', 'show', 'kari'])) as WayIn;
  assert.deepEqual(person.roles.toSorted(), ['Auditor', 'Help desk']);
  const { roles } = (await oslo.done(['roles', 'list'])) as { roles: Json[] };
  for (const role of roles) assert.deepEqual(Object.keys(role).toSorted(), ['builtIn', 'name', 'rights']);
  const local = (await oslo.done(['whoami'])) as WayIn;
  assert.equal(local.person.id, null);
});

test('a rule stops the owner of the data directory too, until somebody else approves, and then once', async () => {
  const added = (await oslo.done(['people', 'add', 'Ola', '--role', 'Approver'])) as WayIn;
  await setUpAs('ola', added.setupUrl, PASSWORD);
  await oslo.done(['approvals', 'rules', 'set', 'keys.export', '--approvers', '1']);
  const password = secretFile('export-password', PASSWORD);
  const exporting = [
    'keys',
    'export',
    '--out',
    place.path('keys.age'),
    '--force',
    '--password-file',
    password,
  ];
  const refused = await oslo.run([...exporting, '--reason', 'the move to Bergen']);
  const [id] = /[0-9a-f-]{36}/.exec(refusedWith(refused, 'approval-needed'))!;
  refusedWith(await oslo.run([...exporting, '--approval', id]), 'approval-refused');
  refusedWith(await oslo.run(['approvals', 'approve', id]), 'approval-refused');

  const waiting = doneJson(await elsewhere('ola', 'approvals', 'list', '--state', 'waiting', '--json'));
  const [request] = waiting['approvals'] as Json[];
  assert.deepEqual(
    [request?.['id'], request?.['act'], request?.['reason']],
    [id, 'keys.export', 'the move to Bergen'],
  );
  const { approval } = doneJson(await elsewhere('ola', 'approvals', 'approve', id, '--json'));
  assert.equal((approval as Json)['state'], 'approved');

  await oslo.done([...exporting, '--approval', id]);
  refusedWith(await oslo.run([...exporting, '--approval', id]), 'approval-refused');
  const { approvals } = (await oslo.done(['approvals', 'list'])) as { approvals: Json[] };
  assert.deepEqual(
    approvals.map(({ state, approvedBy }) => [state, (approvedBy as Json[]).map(({ name }) => name)]),
    [['used', ['Ola']]],
  );
});
