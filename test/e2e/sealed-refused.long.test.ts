/** Sealed servers: a stop ends one at once, and a seal that was edited in the database opens nothing and hides no other. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { type Json, refusedWith } from '#test/support/organisation.ts';
import { lookupWorks, office, passphraseFile, sealIds } from '#test/support/sealed-office.ts';

test('a stop while it is sealed ends it at once, with exit 0', async () => {
  const { server } = await office('Bergen');
  await server.done(['server', 'add-seal', 'passphrase', '--password-file', passphraseFile]);
  rmSync(join(server.data, 'root.key'));
  await server.restart();
  const state = await server.done(['server', 'status']);
  assert.deepEqual([state['sealed'], sealIds(state).length], [true, 2]);
  assert.match(JSON.stringify(state['warnings']), SHOWN.noKeyFileAt, 'it says why it is sealed');
  await server.stop();
});

test('a seal edited in the database opens nothing, asks for nothing, and hides no other', async () => {
  const molde = await office('Molde');
  const { server } = molde;
  const added = await server.done(['server', 'add-seal', 'passphrase', '--password-file', passphraseFile]);
  await server.stop();
  const database = new DatabaseSync(join(server.data, 'keystair.db'));
  const read = (id: unknown): Json =>
    JSON.parse(
      String(
        database.prepare("SELECT body FROM trusted_rows WHERE kind = 'seal' AND id = ?").get(String(id))?.[
          'body'
        ],
      ),
    ) as Json;
  const write = (id: unknown, body: string): void =>
    void database
      .prepare("UPDATE trusted_rows SET body = ? WHERE kind = 'seal' AND id = ?")
      .run(body, String(id));
  const original = read(added['seal']);
  const parameters = JSON.parse(String(original['parameters'])) as Json;
  const greedy = JSON.stringify({ ...parameters, memoryKib: 100 * 1024 * 1024 });
  write(added['seal'], JSON.stringify({ ...original, parameters: greedy }));
  database.close();

  await server.restart();
  await lookupWorks(molde, 'key file beside an edited seal');
  const status = await server.done(['server', 'status']);
  assert.deepEqual(sealIds(status), ['key-file'], 'an edited seal counts as absent');
  assert.match(JSON.stringify(status['warnings']), SHOWN.sealAltered(String(added['seal'])));
  refusedWith(await server.run(['server', 'remove-seal', 'key-file']), 'last-seal');

  rmSync(join(server.data, 'root.key'));
  await server.restart();
  const unsealed = await server.run(['server', 'unseal', '--password-file', passphraseFile]);
  assert.match(refusedWith(unsealed, 'data-damaged'), REFUSED['data-damaged'].asksTooMuch);
  assert.equal((await server.done(['server', 'status']))['sealed'], true);
});
