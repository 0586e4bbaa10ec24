/** Servers whose seals change while they serve, that start sealed, and that a person opens again. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { SHOWN } from '#test/sentences/shown.ts';
import { type Json, refusedWith } from '#test/support/organisation.ts';
import {
  isSealed,
  lookupWorks,
  office,
  passphraseFile,
  sealIds,
  wrongFile,
} from '#test/support/sealed-office.ts';

test('from key file to passphrase and back without a stop; sealed after a restart until a person opens it', async () => {
  const oslo = await office('Oslo');
  const { server } = oslo;
  const { listen } = server;
  const keyFile = join(server.data, 'root.key');
  refusedWith(await server.run(['server', 'remove-seal', 'key-file']), 'last-seal');
  const added = await server.done(['server', 'add-seal', 'passphrase', '--password-file', passphraseFile]);
  const removed = await server.run(['server', 'remove-seal', 'key-file']);
  assert.equal(removed.status, 0, removed.stderr);
  assert.match(removed.stdout, SHOWN.keyFileUseless);
  assert.match((await server.run(['server', 'status'])).stdout, SHOWN.keyFileOpensNothing);
  rmSync(keyFile);
  await lookupWorks(oslo, 'before');

  await server.restart();
  const state = await isSealed(oslo, listen);
  assert.deepEqual(sealIds(state), [added['seal']]);
  const unseal = (file: string) => server.run(['server', 'unseal', '--password-file', file]);
  refusedWith(await unseal(wrongFile), 'root-key-wrong');
  assert.match(server.log, /"event":"unseal-refused","code":"root-key-wrong"/);
  assert.equal((await server.done(['server', 'status']))['sealed'], true);
  const { pid } = server;
  const opened = await unseal(passphraseFile);
  assert.equal(opened.status, 0, opened.stderr);
  assert.equal(server.pid, pid, 'without a restart');
  await lookupWorks(oslo, 'after');
  assert.doesNotMatch(server.log, /lantern/);
  const again = await server.done(['server', 'unseal', '--password-file', wrongFile]);
  assert.equal(again['seal'], null, 'an open server is not opened twice');

  await server.done(['server', 'add-seal', 'key-file']);
  const without = await server.run(['server', 'remove-seal', String(added['seal'])]);
  assert.match(without.stdout, SHOWN.olderBackups);
  await server.restart();
  await lookupWorks(oslo, 'by key file again');
  const audited = await server.call('verify', {});
  assert.deepEqual(audited.problems, []);
  const database = new DatabaseSync(join(server.data, 'keystair.db'), { readOnly: true });
  const events = database
    .prepare("SELECT event FROM audit WHERE event LIKE '%seal%' ORDER BY seq")
    .all()
    .map((row) => JSON.parse(String(row['event'])) as Json)
    .map(({ event, kind, refusedBefore }) => [event, kind, refusedBefore].filter((one) => one !== undefined));
  database.close();
  assert.deepEqual(events, [
    ['seal-added', 'passphrase'],
    ['seal-removed', 'key-file'],
    ['server-unsealed', 'passphrase', 1],
    ['seal-added', 'key-file'],
    ['seal-removed', 'passphrase'],
  ]);
});
