/** Guessing at a sealed server: after a few wrong tries the next waits, also the right one; a restart begins anew. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf } from '#domain/errors.ts';
import { UNSEAL_FAILURES_MAX } from '#domain/limits.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { refusedWith } from '#test/support/organisation.ts';
import { office, passphraseFile } from '#test/support/sealed-office.ts';

test('after five wrong passphrases the next waits, even the right one, and the sentence says how long', async () => {
  const { server } = await office('Hammerfest');
  await server.done(['server', 'add-seal', 'passphrase', '--password-file', passphraseFile]);
  await server.done(['server', 'remove-seal', 'key-file']);
  rmSync(join(server.data, 'root.key'));
  await server.restart();
  const codes: string[] = [];
  // More only where this takes longer than the time in which they are counted.
  while (codes.at(-1) !== 'later' && codes.length < 10 * UNSEAL_FAILURES_MAX) {
    const wrong = server.call('unseal', { passphrase: `a guess, number ${codes.length}` });
    codes.push(await wrong.then(() => 'opened', codeOf));
  }
  assert.ok(codes.length > UNSEAL_FAILURES_MAX);
  assert.deepEqual([...new Set(codes)], ['root-key-wrong', 'later']);
  const unseal = ['server', 'unseal', '--password-file', passphraseFile];
  assert.match(refusedWith(await server.run(unseal), 'later'), REFUSED.later.tryLater);
  assert.equal((await server.done(['server', 'status']))['sealed'], true, 'its state is still told');

  await server.restart();
  await server.done(unseal);
  assert.equal((await server.call('sealState', {})).sealed, false);
});
