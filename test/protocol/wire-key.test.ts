/** A key as it travels: what is read is what was written, and nothing else passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkKey, makeKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { errorFromProblem, problemOf } from '#protocol/problem.ts';
import { checkProtocolVersion, PROTOCOL_VERSION } from '#protocol/version.ts';
import { idOfWire, keyFromWire, keyToWire } from '#protocol/wire-key.ts';

const sample = makeKey(
  {
    kind: 'volume',
    claimHash: '0'.repeat(64),
    device: { id: '019a0000-0000-4000-8000-00000000000d', name: 'laptop' },
    locator: { label: 'Kari blue' },
    algorithm: 'aes-xts-plain64/512',
    origin: '019a0000-0000-4000-8000-00000000000a',
    createdAt: '2026-01-01T00:00:00.000Z',
    replaces: null,
  },
  KeyMaterial.fromText('a secret'),
  new Uint8Array(16).fill(9),
);

void test('a key that travelled is the key that was sent', () => {
  const { complete: back } = keyFromWire(JSON.parse(JSON.stringify(keyToWire(sample))));
  assert.deepEqual(back.key, sample.key);
  assert.deepEqual(checkKey(back).digest, checkKey(sample).digest);
});

void test('a field that a newer neighbour adds is dropped, not refused', () => {
  const wire = JSON.parse(JSON.stringify(keyToWire(sample))) as { key: Record<string, unknown> };
  wire.key['colour'] = 'blue';
  keyFromWire({ ...wire, more: 1 });
});

void test('anything that is not a key is refused as record-invalid, and never crashes', () => {
  const wire = JSON.parse(JSON.stringify(keyToWire(sample))) as Record<string, unknown>;
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('key', 'material', 'blind', undefined), (value, field) => {
      const altered = field === undefined ? value : { ...wire, [field]: value };
      assert.equal(typeof idOfWire(altered), 'string');
      try {
        keyFromWire(altered);
      } catch (error) {
        assert.ok(error instanceof KeystairError && error.code === 'record-invalid', String(error));
      }
    }),
  );
});

void test('material in sloppy base64 is refused: one key has one spelling', () => {
  const wire = keyToWire(sample);
  for (const material of [
    wire.material.replace(/=+$/, ''),
    `${wire.material}\n`,
    wire.material.replace(/.$/, '-'),
  ]) {
    assert.throws(
      () => keyFromWire({ ...wire, material }),
      (error) => (error as KeystairError).code === 'record-invalid',
    );
  }
});

void test('a failure comes back from its problem document with code and next step; a defect tells nothing', () => {
  const failure = new KeystairError('later', 'too much at once', { nextStep: 'wait', details: { ms: 5 } });
  const problem = problemOf(failure);
  assert.equal(problem.status, 429);
  const back = errorFromProblem(problem.status, JSON.parse(JSON.stringify(problem)));
  assert.deepEqual([back.code, back.sentence, back.details], ['later', 'too much at once; wait', { ms: 5 }]);
  assert.ok(!JSON.stringify(problemOf(new Error('material is hunter2'))).includes('hunter2'));
});

void test('neighbours one release apart work together; further apart is told which side to upgrade', () => {
  for (const version of [PROTOCOL_VERSION - 1, PROTOCOL_VERSION, PROTOCOL_VERSION + 1])
    checkProtocolVersion(String(version), 'caller');
  assert.throws(() => checkProtocolVersion(String(PROTOCOL_VERSION + 2), 'caller'), /.*/);
  for (const [version, side] of [
    [PROTOCOL_VERSION + 2, 'upgrade this side'],
    [PROTOCOL_VERSION + 100, 'upgrade this side'],
  ] as const) {
    assert.throws(
      () => checkProtocolVersion(String(version), 'server'),
      (error) => (error as KeystairError).nextStep === side,
    );
  }
  for (const none of [undefined, '', 'one', '1.0', '-1']) {
    assert.throws(
      () => checkProtocolVersion(none, 'caller'),
      (error) => (error as KeystairError).code === 'protocol-version',
    );
  }
});
