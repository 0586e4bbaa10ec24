/** A key's record: its id is made from its content, and its canonical form has one spelling. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import {
  canonicalFields,
  checkKey,
  type CompleteKey,
  digestOf,
  type EncryptionKey,
  keyFromCanonical,
  makeKey,
} from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';

const DEVICE = '019a0000-0000-4000-8000-00000000000d';
const ORIGIN = '019a0000-0000-4000-8000-00000000000a';

const text = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter((value) => value.length <= 255);
const drafts = fc.record(
  {
    kind: fc.constantFrom('volume', 'file', 'recovery'),
    claimHash: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('hex')),
    device: fc.record({ id: fc.constant(DEVICE), name: text }, { noNullPrototype: true }),
    locator: fc.record(
      { luksUuid: text, label: text, serial: text, recoveryId: text },
      { requiredKeys: [], noNullPrototype: true },
    ),
    algorithm: text,
    origin: fc.constant(ORIGIN),
    createdAt: fc
      .date({ min: new Date(0), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    replaces: fc.constant(null),
  },
  { noNullPrototype: true },
);
const materials = fc.uint8Array({ minLength: 1, maxLength: 4096 }).map((bytes) => new KeyMaterial(bytes));
const blinds = fc.uint8Array({ minLength: 16, maxLength: 16 });
const keys = fc
  .tuple(drafts, materials, blinds)
  .map(([draft, material, blind]) => makeKey(draft, material, blind));

function refusedAs(code: string) {
  return (error: unknown) => error instanceof KeystairError && error.code === code;
}

void test('every key that is made fits its own id, and comes back from its canonical form', () => {
  fc.assert(
    fc.property(keys, (complete) => {
      const { fields } = checkKey(complete);
      assert.deepEqual(keyFromCanonical(complete.key.id, fields), complete.key);
    }),
  );
});

void test('nobody can put other content under a known id: any change of a field, the material or the blind is refused', () => {
  const changes: ((complete: CompleteKey) => CompleteKey)[] = [
    ({ key, ...rest }) => ({ ...rest, key: { ...key, kind: key.kind === 'file' ? 'volume' : 'file' } }),
    ({ key, ...rest }) => ({
      ...rest,
      key: { ...key, claimHash: key.claimHash.replace(/^./, (c) => (c === '0' ? '1' : '0')) },
    }),
    ({ key, ...rest }) => ({
      ...rest,
      key: { ...key, device: { ...key.device, name: `${key.device.name}!` } },
    }),
    ({ key, ...rest }) => ({ ...rest, key: { ...key, device: { ...key.device, id: ORIGIN } } }),
    ({ key, ...rest }) => ({
      ...rest,
      key: { ...key, locator: { ...key.locator, label: `${key.locator.label ?? ''}!` } },
    }),
    ({ key, ...rest }) => ({ ...rest, key: { ...key, algorithm: `${key.algorithm}!` } }),
    ({ key, ...rest }) => ({ ...rest, key: { ...key, origin: DEVICE } }),
    ({ key, ...rest }) => ({
      ...rest,
      key: { ...key, createdAt: new Date(Date.parse(key.createdAt) + 1).toISOString() },
    }),
    ({ key, ...rest }) => ({ ...rest, key: { ...key, replaces: key.id } }),
    ({ material, ...rest }) => {
      const bytes = Uint8Array.from(material.expose());
      bytes[0]! ^= 1;
      return { ...rest, material: new KeyMaterial(bytes) };
    },
    ({ blind, ...rest }) => ({ ...rest, blind: blind.map((byte, at) => (at === 15 ? byte ^ 0x80 : byte)) }),
  ];
  fc.assert(
    fc.property(keys, fc.constantFrom(...changes), (complete, change) => {
      assert.throws(() => checkKey(change(complete)), refusedAs('record-invalid'));
    }),
  );
});

void test('a byte that moves between fields and material gives another digest', () => {
  const blind = new Uint8Array(16);
  assert.notDeepEqual(digestOf('ab', Buffer.from('c'), blind), digestOf('a', Buffer.from('bc'), blind));
});

void test('the order in which a locator was filled does not change the id', () => {
  const base = {
    kind: 'volume',
    claimHash: '0'.repeat(64),
    device: { id: DEVICE, name: 'd' },
    algorithm: 'a',
    origin: ORIGIN,
    createdAt: '2026-01-01T00:00:00.000Z',
    replaces: null,
  } as const;
  const material = KeyMaterial.fromText('x');
  const one = makeKey({ ...base, locator: { label: 'l', serial: 's' } }, material, new Uint8Array(16));
  const other = makeKey({ ...base, locator: { serial: 's', label: 'l' } }, material, new Uint8Array(16));
  assert.equal(one.key.id, other.key.id);
});

void test('fields out of their form are refused by name, before anything is stored', () => {
  const good = makeKey(
    {
      kind: 'file',
      claimHash: '0'.repeat(64),
      device: { id: DEVICE, name: 'd' },
      locator: {},
      algorithm: 'a',
      origin: ORIGIN,
      createdAt: '2026-01-01T00:00:00.000Z',
      replaces: null,
    },
    KeyMaterial.fromText('x'),
    new Uint8Array(16),
  );
  const bad: [string, Partial<EncryptionKey>][] = [
    ['id', { id: 'x' }],
    ['id', { id: good.key.id.toUpperCase() }],
    ['kind', { kind: 'other' as 'file' }],
    ['claimHash', { claimHash: 'A'.repeat(64) }],
    ['device.id', { device: { id: 'nobody', name: 'd' } }],
    ['device.name', { device: { id: DEVICE, name: '' } }],
    ['device.name', { device: { id: DEVICE, name: '\ud800' } }],
    ['device.name', { device: { id: DEVICE, name: 'x'.repeat(256) } }],
    ['locator.label', { locator: { label: '' } }],
    ['algorithm', { algorithm: '' }],
    ['origin', { origin: '' }],
    ['createdAt', { createdAt: '2026-01-01' }],
    ['createdAt', { createdAt: '2026-01-01T00:00:00Z' }],
    ['createdAt', { createdAt: '1969-12-31T23:59:59.999Z' }],
    ['createdAt', { createdAt: '0026-11-26T01:07:43.847Z' }],
    ['createdAt', { createdAt: '+010000-01-01T00:00:00.000Z' }],
    ['createdAt', { createdAt: '+012000-01-01T00:00:00.000Z' }],
    ['replaces', { replaces: 'x' }],
  ];
  for (const [field, change] of bad) {
    assert.throws(
      () => checkKey({ ...good, key: { ...good.key, ...change } }),
      (error) => refusedAs('record-invalid')(error) && (error as Error).message.includes(field),
      field,
    );
  }
  assert.throws(() => checkKey({ ...good, blind: new Uint8Array(15) }), refusedAs('record-invalid'));
  assert.throws(() => new KeyMaterial(new Uint8Array(4097)), refusedAs('record-invalid'));
  assert.throws(() => new KeyMaterial(new Uint8Array(0)), refusedAs('record-invalid'));
});

void test('material prints as [redacted] wherever a value can be printed', () => {
  const secret = KeyMaterial.fromText('correct horse battery staple');
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: { secret } }),
    Object.prototype.toString.call(secret),
  ];
  for (const text of shown) {
    assert.ok(!text.includes('horse'));
    assert.ok(text.includes('[redacted]'));
  }
});

void test('the canonical form and the id are those of the published vectors', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../vectors/encryption-key/v1.json', import.meta.url), 'utf8'),
  ) as { key: EncryptionKey; material: string; blind: string; canonical: string; digest: string }[];
  assert.ok(vectors.length >= 3);
  for (const { key, material, blind, canonical, digest } of vectors) {
    const complete = {
      key,
      material: new KeyMaterial(Buffer.from(material, 'base64')),
      blind: Buffer.from(blind, 'hex'),
    };
    assert.equal(canonicalFields(key), canonical);
    assert.equal(checkKey(complete).digest.toString('hex'), digest);
  }
});
