/** The passphrase seal: its parameters, and what an edited row may not ask for. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  makePassphraseParameters,
  type PassphraseParameters,
  passphraseForms,
  stretchPassphrase,
} from '#crypto/seal/passphrase.ts';
import { KeystairError } from '#domain/errors.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
/** Cheap, and still within the limits. */
const LIGHT: PassphraseParameters = {
  memoryKib: 64,
  passes: 1,
  parallelism: 1,
  salt: Buffer.alloc(16, 7).toString('base64'),
};

test('a new passphrase is stretched with 64 MiB, three passes and a salt of its own', async () => {
  const one = makePassphraseParameters(random);
  assert.deepEqual([one.memoryKib, one.passes, one.parallelism], [64 * 1024, 3, 1]);
  assert.equal(Buffer.from(one.salt, 'base64').length, 16);
  assert.notEqual(makePassphraseParameters(random).salt, one.salt);
  assert.equal((await stretchPassphrase('six words are enough', one)).length, 32);
});

test('passphrase, salt and every parameter change what comes out, and nothing else does', async () => {
  const key = await stretchPassphrase('words', LIGHT);
  assert.deepEqual(await stretchPassphrase('words', { ...LIGHT }), key);
  for (const [passphrase, parameters] of [
    ['word', LIGHT],
    ['words', { ...LIGHT, salt: Buffer.alloc(16, 8).toString('base64') }],
    ['words', { ...LIGHT, memoryKib: 72 }],
    ['words', { ...LIGHT, passes: 2 }],
    ['words', { ...LIGHT, parallelism: 2 }],
  ] as const) {
    assert.notDeepEqual(await stretchPassphrase(passphrase, parameters), key);
  }
});

test('an accent opens the server on whichever keyboard it is composed', async () => {
  assert.deepEqual(
    await stretchPassphrase('caf\u00E9 au lait', LIGHT),
    await stretchPassphrase('cafe\u0301 au lait', LIGHT),
  );
});

test('a byte order mark that an earlier release kept is tried, and no form twice', () => {
  assert.deepEqual(passphraseForms('words'), ['words', '\ufeffwords']);
  assert.deepEqual(passphraseForms('cafe\u0301'), ['caf\u00e9', '\ufeffcaf\u00e9']);
  assert.deepEqual(passphraseForms('\ufeffwords'), ['\ufeffwords', 'words']);
});

test('a row that asks for 100 GiB, for hours, or for nothing is refused before anything is computed', async () => {
  for (const altered of [
    { memoryKib: 100 * 1024 * 1024 },
    { memoryKib: 256 * 1024 + 1 },
    { memoryKib: 7 },
    { memoryKib: 64.5 },
    { memoryKib: Number.NaN },
    { passes: 11 },
    { passes: 0 },
    { passes: 2 ** 31 },
    { parallelism: 5 },
    { parallelism: 0 },
    { salt: '' },
    { salt: Buffer.alloc(65).toString('base64') },
  ]) {
    await assert.rejects(
      stretchPassphrase('words', { ...LIGHT, ...altered }),
      (error) => error instanceof KeystairError && error.code === 'data-damaged',
      JSON.stringify(altered),
    );
  }
});
