/** A password opens however it was composed, and what nobody could type on the other machine is refused. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { aboutSpaces, newPassword, passwordFault, passwordForms } from '#crypto/password/password-text.ts';
import { wrapWithPassphrase } from '#crypto/age/scrypt-stanza.ts';
import { makeAgeHeader } from '#crypto/age/make-age-header.ts';
import { encryptPayload } from '#crypto/age/age-payload.ts';
import { openExport } from '#crypto/export-envelope/open-export.ts';
import { prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const random = (bytes: number): Uint8Array => randomBytes(bytes);
const COMPOSED = 'caf\u00e9 au lait, twice';
const DECOMPOSED = 'cafe\u0301 au lait, twice';
const MARK = '\ufeff';
const WORK_FACTOR = 1;

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of bytes) blocks.push(block);
  return Buffer.concat(blocks);
}

async function sealed(password: string): Promise<Buffer> {
  const to = { kind: 'password', password: KeyMaterial.fromText(password) } as const;
  return gather((await prepareSeal(to, { random, workFactor: WORK_FACTOR })).seal(once('content')));
}

/** As a release before this one made it: under the very bytes. */
async function sealedAsGiven(password: string): Promise<Buffer> {
  const { header, fileKey } = await makeAgeHeader([], async (key) => [
    await wrapWithPassphrase(key, password, random(16), WORK_FACTOR),
  ]);
  return Buffer.concat([header, await gather(encryptPayload(fileKey, random(16), once('content')))]);
}

async function opened(file: Buffer, password: string): Promise<string> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield file;
  }
  const keys = { password: KeyMaterial.fromText(password), identities: async () => [] };
  return (await gather(openExport(source(), keys))).toString();
}

test('a file opens with its password composed in any way, with a mark and without', async () => {
  for (const made of [COMPOSED, DECOMPOSED, MARK + DECOMPOSED]) {
    for (const file of [await sealed(made), await sealedAsGiven(made)]) {
      for (const given of [COMPOSED, DECOMPOSED, MARK + COMPOSED, MARK + DECOMPOSED]) {
        assert.equal(await opened(file, given), 'content', JSON.stringify([made, given]));
      }
    }
  }
});

test('what is made is made under the composed form, which stock tools are given', async () => {
  assert.equal(newPassword(MARK + DECOMPOSED), COMPOSED);
  assert.equal(newPassword(' spaces count '), ' spaces count ');
});

test('each form is tried once, and plain text in no more than two', () => {
  assert.deepEqual(passwordForms('plain words'), ['plain words', `${MARK}plain words`]);
  for (const given of [COMPOSED, DECOMPOSED, MARK + COMPOSED]) {
    const forms = passwordForms(given);
    assert.equal(forms[0], given);
    assert.equal(new Set(forms).size, forms.length);
    assert.ok(forms.length <= 5, String(forms.length));
  }
});

test('a space at the end counts, and the refusal names it', async () => {
  const file = await sealed(COMPOSED);
  await assert.rejects(opened(file, `${COMPOSED} `), (error) => {
    assert.ok(error instanceof KeystairError && error.code === 'export-unreadable');
    assert.match(error.sentence, REFUSED['export-unreadable'].endsWithASpace);
    return true;
  });
  assert.equal(aboutSpaces(COMPOSED), '');
});

test('what nobody can type is told by its reason', () => {
  for (const [text, fault] of [
    ['two\nlines', REFUSED['invalid-argument'].moreThanOneLine],
    ['lone\rreturn', REFUSED['invalid-argument'].moreThanOneLine],
    ['p\0a\0', /UTF-16/],
    ['arrow\u001b[A', /U\+001B/],
    ['c1\u0085', /U\+0085/],
    ['\ud800', REFUSED['invalid-argument'].notText],
  ] as const) {
    assert.match(passwordFault(text) ?? '', fault);
  }
  assert.equal(passwordFault('K\u00f6nigsberg \u{1f98a} \u65e5\u672c'), undefined);
});
