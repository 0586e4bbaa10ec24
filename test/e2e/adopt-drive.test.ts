/**
 * A drive that was encrypted before Keystair came is taken into custody: it opens at every branch, and whoever opened it
 * before still does. What cannot be adopted is refused, and not a byte of it changes.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import {
  digestOf,
  image,
  MIB,
  opensStock,
  patchFront,
  readAt,
  shown,
  writeAt,
} from '#test/agent/drives/images.ts';
import { patchJson } from '#test/agent/drives/luks2/luks2-front.ts';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import {
  type Device,
  type Json,
  organisation,
  refusedWith,
  type ThreeLevels,
  threeLevels,
} from '#test/support/organisation.ts';

const place = organisation('adopt-drive');
const skip = unlessInstalled('cryptsetup');
const PASSPHRASE = 'Blåbærsyltetøy 7';
const QUICK = ['--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000'];
/** Where the second copy of a header begins as cryptsetup makes it. */
const SECOND_COPY = 16 * 1024;
const FOREIGN = { type: 'of-another-tool', keyslots: ['0'], note: 'stays' };
let tree: ThreeLevels;
let device: Device;
let file: string;

before(async () => {
  tree = await threeLevels(place);
  device = await place.enrol('laptop', tree.lyon);
  file = place.path('passphrase');
  writeFileSync(file, `${PASSPHRASE}\n`, { mode: 0o600 });
});

function encrypted(type = 'luks2', label: readonly string[] = []): string {
  const drive = image(32 * MIB);
  const args = ['luksFormat', '--batch-mode', `--type=${type}`, ...QUICK, ...label, '--key-file=-', drive];
  stock('cryptsetup', args, { input: PASSPHRASE });
  return drive;
}

function adopting(drive: string, ...more: readonly string[]): string[] {
  return ['adopt-drive', drive, '--password-file', file, ...more];
}

function keyslotsOf(drive: string): string[] {
  return Object.keys(shown(drive).keyslots);
}

test('it opens at another branch, by its old passphrase too, and its data and foreign tokens stay', {
  skip,
}, async () => {
  const drive = encrypted('luks2', ['--label=Old disk']);
  stock('cryptsetup', ['token', 'import', '--json-file=-', drive], { input: JSON.stringify(FOREIGN) });
  writeAt(drive, 20 * MIB, Buffer.from('what was written to it'));
  const data = readAt(drive, 16 * MIB, 16 * MIB);
  const { key, uuid, keyslot, ...rest } = await device.done(adopting(drive));
  assert.deepEqual([rest, keyslot], [{}, 1]);
  assert.ok(readAt(drive, 16 * MIB, 16 * MIB).equals(data));
  assert.deepEqual(Object.values(shown(drive).tokens)[0], FOREIGN);
  assert.ok(opensStock(drive, KeyMaterial.fromText(PASSPHRASE)));
  await tree.lyon.heartbeat();
  await tree.west.heartbeat();
  const { keys } = (await tree.root.done(['keys', 'list', '--find', 'old disk'])) as { keys: Json[] };
  assert.deepEqual(
    keys.map(({ id, kind, locator }) => ({ id, kind, locator })),
    [{ id: key, kind: 'volume', locator: { label: 'Old disk', luksUuid: uuid } }],
  );
  const finder = await place.enrol('finder', tree.oslo);
  assert.deepEqual(await finder.done(['open-drive', drive, '--test']), { key, keyslot: 1, source: 'Geneva' });
});

test('the same again is the same key and keyslot, and one whose keyslot was removed gets another', {
  skip,
}, async () => {
  const drive = encrypted();
  const first = await device.done(adopting(drive, '--label', 'Attic'));
  assert.deepEqual(await device.done(adopting(drive)), first);
  assert.deepEqual(keyslotsOf(drive), ['0', '1']);
  stock('cryptsetup', ['luksKillSlot', '--batch-mode', '--key-file=-', drive, '1'], { input: PASSPHRASE });
  const second = await device.done(adopting(drive));
  assert.notEqual(second['key'], first['key']);
  const { key, keyslot } = second;
  assert.deepEqual(await device.done(['open-drive', drive, '--test']), { key, keyslot, source: 'device' });
});

test('interrupted between keyslot and token, it goes on with the same key', { skip }, async () => {
  const drive = encrypted();
  const made = await device.done(adopting(drive));
  // As a kill leaves it.
  stock('cryptsetup', ['token', 'remove', '--token-id', '0', drive]);
  assert.deepEqual(await device.done(adopting(drive)), made);
  assert.deepEqual(keyslotsOf(drive), ['0', '1']);
});

test('what cannot be adopted is refused, no key is made for it, and it stays as it is', {
  skip,
}, async () => {
  const wrong = place.path('wrong');
  writeFileSync(wrong, 'something else', { mode: 0o600 });
  const full = encrypted();
  for (let slot = 1; slot < 32; slot += 1) {
    stock(
      'cryptsetup',
      ['luksAddKey', ...QUICK, '--key-file=-', `--keyfile-size=${Buffer.byteLength(PASSPHRASE)}`, full, '-'],
      {
        input: `${PASSPHRASE}${slot}`,
      },
    );
  }
  const unfinished = encrypted();
  patchFront(unfinished, (front) =>
    patchJson(front, (json) => {
      (json['config'] as Json)['requirements'] = { mandatory: ['online-reencrypt-v2'] };
    }),
  );
  const backup = place.path('header.backup');
  stock('cryptsetup', ['luksHeaderBackup', '--header-backup-file', backup, encrypted()]);
  // cryptsetup would repair it by itself.
  const halfDamaged = encrypted();
  writeAt(halfDamaged, SECOND_COPY, Buffer.alloc(64));
  const ids = await tree.lyon.keyIds();
  const cases: readonly (readonly [drive: string, file: string, code: string])[] = [
    [encrypted(), wrong, 'drive-does-not-open'],
    [halfDamaged, wrong, 'drive-does-not-open'],
    [backup, file, 'drive-data-missing'],
    [full, file, 'invalid-argument'],
    [unfinished, file, 'drive-altered'],
    [encrypted('luks1'), file, 'drive-not-luks'],
    [image(), file, 'drive-not-luks'],
  ];
  for (const [drive, passphrase, code] of cases) {
    const before = digestOf(drive);
    refusedWith(await device.run(['adopt-drive', drive, '--password-file', passphrase, '--json']), code);
    assert.equal(digestOf(drive), before, code);
  }
  assert.deepEqual(await tree.lyon.keyIds(), ids);
});

test('a LUKS1 volume is converted where that is asked for, and then opens at every device', {
  skip,
}, async () => {
  const drive = encrypted('luks1');
  writeAt(drive, 20 * MIB, Buffer.from('what was written to it'));
  const data = readAt(drive, 16 * MIB, 16 * MIB);
  const { key, keyslot } = await device.done(adopting(drive, '--convert'));
  assert.ok(readAt(drive, 16 * MIB, 16 * MIB).equals(data));
  assert.ok(opensStock(drive, KeyMaterial.fromText(PASSPHRASE)));
  assert.deepEqual(
    readdirSync(device.state).filter((name) => name.startsWith('luks1-')),
    [],
  );
  const finder = await place.enrol('finder of an old drive', tree.lyon);
  assert.deepEqual(await finder.done(['open-drive', drive, '--test']), { key, keyslot, source: 'server' });
  const { replaces } = await device.done(['rotate', drive]);
  assert.equal(replaces, key);
});

test('a key file of any bytes is taken, also with a newline that belongs to it', { skip }, async () => {
  const bytes = Buffer.concat([Buffer.from([0, 1, 0xff, 0xfe, 0x0a, 0x80]), Buffer.from('\n')]);
  const keyFile = place.path('key-file');
  writeFileSync(keyFile, bytes, { mode: 0o600 });
  for (const known of [bytes, bytes.subarray(0, -1)]) {
    const drive = image(32 * MIB);
    const args = ['luksFormat', '--batch-mode', '--type=luks2', ...QUICK, '--key-file=-', drive];
    stock('cryptsetup', args, { input: known });
    const { key } = await device.done(['adopt-drive', drive, '--password-file', keyFile]);
    assert.equal((await device.done(['open-drive', drive, '--test']))['key'], key);
  }
});

test('a drive with a megabyte of somebody else’s token is adopted, opened and rotated, and the token stays', {
  skip,
}, async () => {
  const drive = image(48 * MIB);
  const room = ['--luks2-metadata-size=4m', '--luks2-keyslots-size=8m'];
  const args = ['luksFormat', '--batch-mode', '--type=luks2', ...QUICK, ...room, '--key-file=-', drive];
  stock('cryptsetup', args, { input: PASSPHRASE });
  const token = { type: 'of-another-tool', keyslots: ['0'], note: 'x'.repeat(MIB) };
  stock('cryptsetup', ['token', 'import', '--json-file=-', drive], { input: JSON.stringify(token) });
  const { key } = await device.done(adopting(drive));
  assert.equal((await device.done(['open-drive', drive, '--test']))['key'], key);
  assert.equal((await device.done(['rotate', drive]))['replaces'], key);
  const kept = stock('cryptsetup', ['token', 'export', '--token-id=0', drive], { maxBuffer: 16 * MIB });
  assert.deepEqual(JSON.parse(kept.toString()), token);
});

test('two drives of one UUID, as a copied stick has, are each opened by the key that they name', {
  skip,
}, async () => {
  const [first, second] = [encrypted(), image(32 * MIB)];
  writeAt(second, 0, readAt(first, 0, 32 * MIB));
  const adopted = await device.done(adopting(first));
  const copy = await device.done(adopting(second));
  assert.equal(copy['uuid'], adopted['uuid']);
  assert.notEqual(copy['key'], adopted['key']);
  for (const [drive, { key }] of [
    [first, adopted],
    [second, copy],
  ] as const)
    assert.equal((await device.done(['open-drive', drive, '--test']))['key'], key);
});

test('without its server nothing is added', { skip }, async () => {
  const drive = encrypted();
  const before = digestOf(drive);
  await tree.lyon.kill();
  refusedWith(await device.run(adopting(drive, '--json')), 'server-unreachable');
  assert.equal(digestOf(drive), before);
});
