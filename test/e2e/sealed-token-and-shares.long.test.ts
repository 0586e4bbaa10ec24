/** Servers that a token or recovery shares open, with a real PKCS#11 module and real processes. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { isSealed, lookupWorks, office, place } from '#test/support/sealed-office.ts';
import { makeSoftToken, noSoftToken } from '#test/support/soft-token.ts';

test('by a token: without its PIN sealed, with it unattended, and without the token sealed again', {
  skip: noSoftToken,
}, async () => {
  const token = makeSoftToken(place.path('token-of-turku'));
  const pinFile = place.path('pin');
  writeFileSync(pinFile, `${token.pin}\n`, { mode: 0o600 });
  writeFileSync(place.path('wrong-pin'), '0000', { mode: 0o600 });
  const turku = await office('Turku', ['--config', token.config('turku.json')]);
  const { server } = turku;
  const { listen } = server;
  const names = ['--token-label', token.label, '--key-label', 'turku'];
  const add = (file: string) =>
    server.run(['server', 'add-seal', 'pkcs11', ...names, '--password-file', file]);
  refusedWith(await add(place.path('wrong-pin')), 'pin-wrong');
  const added = await add(pinFile);
  assert.match(added.stdout, SHOWN.madeOnTheToken);
  await server.done(['server', 'remove-seal', 'key-file']);
  rmSync(join(server.data, 'root.key'));

  await server.restart();
  const state = await isSealed(turku, listen);
  assert.equal((state['seals'] as { kind: string }[])[0]?.kind, 'pkcs11');
  const wrong = ['server', 'unseal', '--pin', '--password-file', place.path('wrong-pin')];
  refusedWith(await server.run(wrong), 'pin-wrong');
  await server.done(['server', 'unseal', '--pin', '--password-file', pinFile]);
  await lookupWorks(turku, 'token by hand');

  token.config('turku.json', { pinFile });
  await server.restart();
  await lookupWorks(turku, 'token unattended');
  assert.doesNotMatch(server.log, new RegExp(token.pin));

  token.pullOut();
  await server.restart();
  const without = await isSealed(turku, listen);
  assert.match(JSON.stringify(without['warnings']), SHOWN.noToken);
});

test('recovery shares open a server that lost its key file, and it is given a new one', async () => {
  const narvik = await office('Narvik');
  const { server } = narvik;
  const first = place.path('first');
  const second = place.path('second');
  for (const folder of [first, second]) mkdirSync(folder);
  const init = (folder: string, shares: string, threshold: string) =>
    server.run(['server', 'init-recovery', '--shares', shares, '--threshold', threshold, '--out', folder]);
  const begun = await init(first, '3', '2');
  assert.equal(begun.status, 0, begun.stderr);
  const renewed = await init(second, '5', '3');
  assert.match(renewed.stdout, SHOWN.sharesOpenNothing);
  assert.equal((await init(second, '5', '3')).status, 1, 'no share is written over another');
  refusedWith(await server.run(['server', 'remove-seal', 'key-file']), 'last-seal');

  const { listen } = server;
  rmSync(join(server.data, 'root.key'));
  await server.restart();
  await isSealed(narvik, listen);
  const unseal = (...files: string[]) =>
    server.run(['server', 'unseal', ...files.flatMap((file) => ['--share-file', file])]);
  const share = (folder: string, at: number): string => join(folder, `share-${at}`);
  assert.match(
    refusedWith(await unseal(share(second, 1), share(second, 2)), 'shares-missing'),
    REFUSED['shares-missing'].twoOfThree,
  );
  assert.match(
    refusedWith(await unseal(share(second, 1), share(first, 2), share(second, 3)), 'share-invalid'),
    REFUSED['share-invalid'].otherSet,
  );
  const mistyped = place.path('mistyped');
  const lines = readFileSync(share(second, 4), 'utf8').split('\n');
  lines[2] = `${lines[2]!.startsWith('7') ? '8' : '7'}${lines[2]!.slice(1)}`;
  writeFileSync(mistyped, lines.join('\n'), { mode: 0o600 });
  assert.match(
    refusedWith(await unseal(share(second, 1), mistyped, share(second, 3)), 'share-invalid'),
    REFUSED['share-invalid'].mistyped,
  );
  const opened = await unseal(share(second, 5), share(second, 1), share(second, 3));
  assert.equal(opened.status, 0, opened.stderr);
  assert.match(opened.stdout, SHOWN.addASeal);
  await lookupWorks(narvik, 'by shares');

  await server.done(['server', 'add-seal', 'key-file']);
  await server.done(['server', 'remove-seal', 'key-file']);
  await server.restart();
  await lookupWorks(narvik, 'by the new key file');
  const { seals } = await server.done(['server', 'seals']);
  const kinds = (seals as { kind: string }[]).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ['key-file', 'recovery']);
});
