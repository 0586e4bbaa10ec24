/** What opens a server that was restored: what opened it before, and a key file only where it had one or one is asked for. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { doneJson, type Json } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { lookupWorks, office, type Office, passphraseFile, place } from '#test/support/sealed-office.ts';
import { SHOWN } from '#test/sentences/shown.ts';

const shares = place.path('shares');
const file = place.path('narvik.backup');
let narvik: Office;
let passphrase: string;
let listen: string;

/** Under a passphrase, with recovery shares besides, and without a key file. */
before(async () => {
  mkdirSync(shares);
  narvik = await office('Narvik');
  const { server } = narvik;
  listen = server.listen;
  const init = ['server', 'init-recovery', '--shares', '3', '--threshold', '2', '--out', shares];
  assert.equal((await server.run(init)).status, 0);
  const added = await server.done(['server', 'add-seal', 'passphrase', '--password-file', passphraseFile]);
  passphrase = String(added['seal']);
  await server.done(['server', 'remove-seal', 'key-file']);
  rmSync(join(server.data, 'root.key'));
  await server.done(['server', 'backup', file, '--password-file', passphraseFile]);
  await server.stop();
});

async function restore(name: string, ...more: string[]): Promise<string> {
  const data = place.path(name);
  const args = ['server', 'restore', file, '--data', data, '--password-file', passphraseFile, ...more];
  const ran = await runKeystair(args);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, more.length === 0 ? SHOWN.openedAsBefore(passphrase) : SHOWN.newKeyFile);
  return data;
}

const sealsOf = (document: Json): string[] =>
  (document['seals'] as { kind: string }[]).map(({ kind }) => kind).toSorted();

for (const [by, unseal] of [
  ['its passphrase', ['--password-file', passphraseFile]],
  ['its recovery shares', [1, 3].flatMap((at) => ['--share-file', join(shares, `share-${at}`)])],
] as const) {
  test(`a server without a key file is restored without one: it waits, and ${by} opens it`, async () => {
    const data = await restore(by.replaceAll(' ', '-'));
    assert.ok(!existsSync(join(data, 'root.key')));
    const server = await place.server('Narvik', { data, args: ['--listen', listen] });
    assert.equal((await server.done(['server', 'status']))['sealed'], true);
    await server.done(['server', 'unseal', ...unseal]);
    await lookupWorks({ ...narvik, server }, by);
    assert.deepEqual(sealsOf(await server.done(['server', 'seals'])), ['passphrase', 'recovery']);
    assert.deepEqual((await server.call('verify', {})).problems, []);
    await server.stop();
  });
}

test('where nobody can open it so any more, a restore with --new-key-file opens by itself', async () => {
  const data = await restore('with-file', '--new-key-file');
  const report = doneJson(await runKeystair(['server', 'verify', '--data', data, '--json']));
  assert.deepEqual([report['ok'], report['keys']], [true, 1]);
  const server = await place.server('Narvik', { data, args: ['--listen', listen] });
  await lookupWorks({ ...narvik, server }, 'by a new key file');
  const seals = sealsOf(await server.done(['server', 'seals']));
  assert.deepEqual(seals, ['key-file', 'passphrase', 'recovery']);
});
