/** From any seal to any other while the server serves: after each change only the new one opens it. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noticeWords } from '#cli/next-steps.ts';
import type { AddSealRequest } from '#protocol/people/seal-messages.ts';
import { office, PASSPHRASE, place } from '#test/support/sealed-office.ts';
import { makeSoftToken, noSoftToken } from '#test/support/soft-token.ts';
import { SHOWN } from '#test/sentences/shown.ts';

type UnsealSecret = { readonly passphrase: string } | { readonly pin: string };
type Kind = 'key-file' | 'passphrase' | 'pkcs11';

/** Each of the six ways between two of them once, beginning from the key file of a new server. */
const CHAIN: readonly Kind[] = ['passphrase', 'pkcs11', 'key-file', 'pkcs11', 'passphrase', 'key-file'];

test('from key file, passphrase and token to each other, without a stop, until only the new one opens it', {
  skip: noSoftToken,
}, async () => {
  const token = makeSoftToken(place.path('token'));
  const pinFile = place.path('pin');
  writeFileSync(pinFile, `${token.pin}\n`, { mode: 0o600 });
  const { server, device, file } = await office('Alta', ['--config', token.config('alta.json')]);
  const ways: Readonly<Record<Kind, { add: AddSealRequest; open?: UnsealSecret }>> = {
    'key-file': { add: { kind: 'key-file' } },
    passphrase: { add: { kind: 'passphrase', passphrase: PASSPHRASE }, open: { passphrase: PASSPHRASE } },
    pkcs11: {
      add: { kind: 'pkcs11', token: token.label, key: 'alta', pin: token.pin },
      open: { pin: token.pin },
    },
  };
  const lookup = async (when: string): Promise<void> => {
    assert.equal(await device.textOf(file), 'what is inside', when);
  };

  let last: Kind = 'key-file';
  let lastSeal = 'key-file';
  for (const [at, next] of CHAIN.entries()) {
    const step: string = `${last} to ${next}`;
    const { pid } = server;
    const { seal } = await server.call('addSeal', ways[next].add);
    const { left } = await server.call('removeSeal', { id: lastSeal });
    assert.equal(left, 1, step);
    if (last === 'key-file') rmSync(join(server.data, 'root.key'));
    await lookup(`${step}: it goes on`);
    assert.equal(server.pid, pid, step);

    // The second time the token's PIN lies in a file.
    token.config('alta.json', at > 1 ? { pinFile } : {});
    await server.restart();
    const { sealed } = await server.call('sealState', {});
    const alone = next === 'key-file' || (next === 'pkcs11' && at > 1);
    assert.equal(sealed, !alone, step);
    if (sealed) {
      const old = ways[last].open;
      if (old !== undefined) await assert.rejects(server.call('unseal', old), { code: 'not-found' });
      await server.call('unseal', ways[next].open!);
    }
    await lookup(`${step}: after a restart`);
    last = next;
    lastSeal = seal;
  }
  assert.deepEqual((await server.call('verify', {})).problems, []);
});

test('a seal whose key file is gone is shown as one, and does not count as what still opens the server', async () => {
  const { server } = await office('Vardo');
  const keyFile = join(server.data, 'root.key');
  rmSync(keyFile);
  const { seal } = await server.call('addSeal', { kind: 'key-file' });
  const shown = await server.call('listSeals', {});
  assert.deepEqual(
    shown.seals.map(({ id, opensByItself }) => [id, opensByItself]),
    [
      ['key-file', false],
      [seal, true],
    ],
  );
  assert.match(shown.warnings.map(noticeWords).join(), SHOWN.keyFileElsewhere);
  await assert.rejects(server.call('removeSeal', { id: seal }), { code: 'last-seal' });
  assert.equal((await server.call('removeSeal', { id: 'key-file' })).left, 1);
  await server.restart();
  assert.equal((await server.call('sealState', {})).sealed, false);
});
