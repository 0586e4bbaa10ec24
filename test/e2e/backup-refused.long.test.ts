/** Backups that are none: each is refused with a code and a step that fit what is wrong with it, and leaves nothing. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { connectTransfers } from '#cli/data-directory.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { recipientOf } from '#test/support/by-hand-commands.ts';
import { organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { type Ran, runKeystair } from '#test/support/run-keystair.ts';
import { PASSWORD, sealed } from '#test/support/transfer-office.ts';

const place = organisation('backup-refused', { passwords: 'cheap' });
const passwordFile = place.path('password');
const withPassword = ['--password-file', passwordFile];
const scratch = place.path('scratch');
const backup = place.path('bergen.backup');
const exported = place.path('export.age');
let bergen: Server;
/** The backup's bytes. */
let whole: Buffer;

before(async () => {
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  mkdirSync(scratch);
  bergen = await place.server('Bergen');
  await (await place.enrol('bergen laptop', bergen)).encrypt('text', place.path('file.age'));
  await bergen.done(['server', 'backup', backup, ...withPassword]);
  await bergen.done(['keys', 'export', '--out', exported, ...withPassword]);
  whole = readFileSync(backup);
});

function flipped(at: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[at]! ^= 1;
  return bytes;
}

/** Where the payload begins: behind the header's last line. */
function payload(): number {
  return whole.indexOf('\n', whole.indexOf('\n---') + 1) + 1;
}

interface Bad {
  readonly file: string;
  readonly bytes?: () => Buffer | Promise<Buffer>;
  readonly password?: string;
  readonly code: string;
  readonly says: RegExp;
}

const WRONG_OR_ALTERED = REFUSED['backup-unreadable'].wrongPassword;
const DAMAGED = REFUSED['backup-damaged'].rightPassword;

const BAD: readonly Bad[] = [
  {
    file: 'wrong password',
    password: 'plum-river-candle-9-otters',
    code: 'backup-unreadable',
    says: WRONG_OR_ALTERED,
  },
  {
    file: 'bit of the header flipped',
    bytes: () => flipped(40),
    code: 'backup-unreadable',
    says: WRONG_OR_ALTERED,
  },
  {
    file: 'cut within the header',
    bytes: () => whole.subarray(0, 60),
    code: 'backup-unreadable',
    says: WRONG_OR_ALTERED,
  },
  {
    file: 'cut behind the header',
    bytes: () => whole.subarray(0, payload()),
    code: 'backup-damaged',
    says: DAMAGED,
  },
  { file: 'cut near the end', bytes: () => whole.subarray(0, -100), code: 'backup-damaged', says: DAMAGED },
  { file: 'bit flipped', bytes: () => flipped(whole.length - 50), code: 'backup-damaged', says: DAMAGED },
  {
    file: 'something behind it',
    bytes: () => Buffer.concat([whole, whole]),
    code: 'backup-damaged',
    says: DAMAGED,
  },
  { file: 'empty', bytes: () => Buffer.alloc(0), code: 'backup-invalid', says: /the file is empty/ },
  {
    file: 'no age file',
    bytes: () => Buffer.from('# how to make a backup\n'),
    code: 'backup-invalid',
    says: REFUSED['backup-invalid'].notAge,
  },
  {
    file: 'cut within its first word',
    bytes: () => whole.subarray(0, 5),
    code: 'backup-unreadable',
    says: WRONG_OR_ALTERED,
  },
  {
    file: 'export',
    bytes: () => readFileSync(exported),
    code: 'backup-invalid',
    says: REFUSED['backup-invalid'].itIsAnExport,
  },
  {
    file: 'export to a recipient',
    bytes: async () => {
      const out = place.path('to-bergen.age');
      await bergen.done(['keys', 'export', '--out', out, '--to', await recipientOf(bergen)]);
      return readFileSync(out);
    },
    code: 'backup-invalid',
    says: REFUSED['backup-invalid'].sealedToARecipient,
  },
  {
    file: 'something else under the password',
    bytes: () => sealed('dear diary,\n'),
    code: 'backup-invalid',
    says: REFUSED['backup-invalid'].noBackup,
  },
  {
    file: 'of a later release',
    bytes: () => sealed('{"format":"keystair-backup","version":3,"program":"9.1.0"}\n'),
    code: 'data-newer',
    says: REFUSED['backup-invalid'].newerVersion,
  },
];

/** @returns the arguments that name it and its password. */
async function layOut({ file, bytes, password }: Bad): Promise<readonly [string, string, string]> {
  const path = place.path(`${file}.backup`);
  writeFileSync(path, (await bytes?.()) ?? whole);
  if (password === undefined) return [path, '--password-file', passwordFile];
  writeFileSync(place.path('wrong'), password, { mode: 0o600 });
  return [path, '--password-file', place.path('wrong')];
}

for (const bad of BAD) {
  test(`${bad.file}: ${bad.code} from a restore, which leaves nothing`, async () => {
    const data = place.path('never');
    const ran = await runKeystair(['server', 'restore', ...(await layOut(bad)), '--data', data]);
    assert.match(refusedWith(ran, bad.code), bad.says);
    assert.ok(!existsSync(data), 'the directory was not made');
  });
}

test('a drill refuses in the same words, and leaves nothing in its scratch place', async () => {
  const ofEachCode = new Map(BAD.map((bad) => [bad.code, bad])).values();
  for (const bad of ofEachCode) {
    const drill = ['server', 'backup', '--check', ...(await layOut(bad)), '--scratch', scratch, '--json'];
    assert.match(refusedWith(await runKeystair(drill), bad.code), bad.says);
    assert.deepEqual(readdirSync(scratch), []);
  }
});

test('a backup given to an import is told from an export, and nothing is imported', async () => {
  const ran = await bergen.run(['keys', 'import', backup, ...withPassword]);
  assert.match(refusedWith(ran, 'export-invalid'), REFUSED['export-invalid'].itIsABackup);
});

test('a directory that holds something is left as it is, and a file that is there is not replaced', async () => {
  const data = place.path('used');
  mkdirSync(data);
  writeFileSync(join(data, 'other'), 'what is there');
  const restored = await runKeystair(['server', 'restore', backup, '--data', data, ...withPassword]);
  assert.match(refusedWith(restored, 'already-exists'), REFUSED['already-exists'].otherThings);
  assert.deepEqual(readdirSync(data), ['other']);
  const there = readFileSync(backup);
  refusedWith(await bergen.run(['server', 'backup', backup, ...withPassword]), 'file-exists');
  assert.deepEqual(readFileSync(backup), there);
  const replaced = await bergen.run(['server', 'backup', backup, '--force', ...withPassword]);
  assert.equal(replaced.status, 0, replaced.stderr);
  assert.notDeepEqual(readFileSync(backup), there);
});

test('there is no backup without a password that protects it', async () => {
  const file = place.path('open.backup');
  const make = (...more: string[]): Promise<Ran> => bergen.run(['server', 'backup', file, ...more]);
  const asked = await make();
  assert.equal(asked.status, 2, 'nobody is there to be asked');
  assert.match(asked.stderr, REFUSED['invalid-argument'].passwordNeeded);
  const empty = place.path('empty-password');
  writeFileSync(empty, '\n', { mode: 0o600 });
  refusedWith(await make('--password-file', empty), 'password-weak');
  writeFileSync(empty, 'password1234\n', { mode: 0o600 });
  refusedWith(await make('--password-file', empty), 'password-weak');
  writeFileSync(empty, 'elevenchars', { mode: 0o600 });
  const weak = refusedWith(await make('--password-file', empty), 'password-weak');
  assert.match(weak, REFUSED['password-weak'].moreWords);
  assert.doesNotMatch(weak, REFUSED['password-weak'].generate, 'a backup has no such option');
  assert.ok(!existsSync(file));
  const { backup: ask } = await connectTransfers(bergen.data);
  const { signal } = new AbortController();
  for (const request of [{}, { password: '' }] as { password: string }[])
    await assert.rejects(ask(request, signal), { code: 'invalid-argument' }, 'not by the socket either');
});
