/** What is read out over the telephone: each block checks itself, and the whole is checked as well. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { makeHpkeKeyPair } from '#crypto/hpke.ts';
import { openSpokenAnswer, readSpokenAnswer, sealSpokenAnswer } from '#crypto/spoken-answer.ts';
import { claimToText } from '#domain/claim.ts';
import { codeOf } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { makeDrivePassphrase } from '#agent/drives/drive-passphrase.ts';
import {
  encodeSpokenRequest,
  pointOfRecipient,
  readSpokenRequest,
  spokenRecipient,
} from '#protocol/spoken-request.ts';

const { secret, point } = makeHpkeKeyPair();
const REQUEST = {
  key: randomUUID(),
  claim: claimToText(randomBytes(16)),
  recipient: spokenRecipient(point),
  device: randomUUID(),
};
const DRIVE = { key: REQUEST.key, luksUuid: randomUUID(), algorithm: 'aes-xts-plain64/512' };

function refusal(read: () => unknown): { code: string | undefined; message: string } {
  try {
    read();
  } catch (error) {
    return { code: codeOf(error), message: (error as Error).message };
  }
  return assert.fail('it was read');
}

test('a request and an answer have 34 blocks of five, and say the same however they are typed', () => {
  const passphrase = makeDrivePassphrase(randomBytes);
  const answer = sealSpokenAnswer(pointOfRecipient(REQUEST.recipient), DRIVE, passphrase);
  const request = encodeSpokenRequest(REQUEST);
  for (const blocks of [request, answer])
    assert.match(blocks, /^(?:(?:[0-9A-Z]{5} ){5}[0-9A-Z]{5}\n){5}(?:[0-9A-Z]{5} ){3}[0-9A-Z]{5}$/);
  for (const typed of [request, request.toLowerCase().replaceAll(' ', '-'), `# said\n ${request}\n`])
    assert.deepEqual(readSpokenRequest(typed), REQUEST);
  const opened = openSpokenAnswer(new KeyMaterial(secret), DRIVE, readSpokenAnswer(answer));
  assert.equal(opened!.exposeText(), passphrase.exposeText());
});

test('one wrong character is named by its block, wherever it is', () => {
  const answer = sealSpokenAnswer(point, DRIVE, makeDrivePassphrase(randomBytes));
  for (const [blocks, read, code] of [
    [encodeSpokenRequest(REQUEST), readSpokenRequest, 'key-request-invalid'],
    [answer, readSpokenAnswer, 'answer-invalid'],
  ] as const) {
    const groups = blocks.split(/\s/);
    for (const at of groups.keys()) {
      for (const place of [0, 3, 4]) {
        const wrong = groups[at]!.split('');
        wrong[place] = wrong[place] === '7' ? '8' : '7';
        const said = refusal(() => read(groups.with(at, wrong.join('')).join(' ')));
        assert.equal(said.code, code);
        assert.match(said.message, new RegExp(`block ${at + 1} `));
      }
    }
  }
});

test('a block that is missing, there twice or in the place of another is noticed', () => {
  const groups = encodeSpokenRequest(REQUEST).split(' ').join('\n').split('\n');
  const swapped = groups.with(0, groups[31]!).with(31, groups[0]!);
  for (const blocks of [groups.slice(0, -1), [...groups, groups[0]!], groups.with(4, groups[3]!), swapped])
    assert.equal(refusal(() => readSpokenRequest(blocks.join(' '))).code, 'key-request-invalid');
});

test('an answer opens for its request and its drive alone, and only our passphrases are read out', () => {
  const sealed = readSpokenAnswer(sealSpokenAnswer(point, DRIVE, makeDrivePassphrase(randomBytes)));
  const own = new KeyMaterial(secret);
  assert.ok(openSpokenAnswer(own, DRIVE, sealed));
  assert.equal(openSpokenAnswer(new KeyMaterial(makeHpkeKeyPair().secret), DRIVE, sealed), undefined);
  for (const other of [
    { ...DRIVE, key: randomUUID() },
    { ...DRIVE, luksUuid: randomUUID() },
    { ...DRIVE, algorithm: 'aes-cbc-plain/256' },
  ])
    assert.equal(openSpokenAnswer(own, other, sealed), undefined);
  assert.equal(
    refusal(() => sealSpokenAnswer(point, DRIVE, KeyMaterial.fromText('my own passphrase'))).code,
    'not-allowed',
  );
});
