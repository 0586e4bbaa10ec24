/**
 * A LUKS1 volume becomes a LUKS2 volume without a change to its data and passphrases; and whatever happens meanwhile, its old
 * header is in a file first.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { convertLuks1, forgetKeptHeader } from '#agent/drives/convert-luks1.ts';
import { openDrive } from '#agent/drives/drive-target.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import {
  digestOf,
  image,
  MIB,
  opensStock,
  path as inFolder,
  readAt,
  shown,
  standIn,
  writeAt,
} from './images.ts';

const skip = unlessInstalled('cryptsetup');
const PASSPHRASE = 'purple lantern';
const QUICK = ['--pbkdf-force-iterations=1000', '--key-file=-'];

function luks1(...more: readonly string[]): string {
  const path = image(24 * MIB);
  stock('cryptsetup', ['luksFormat', '--batch-mode', '--type=luks1', ...QUICK, ...more, path], {
    input: PASSPHRASE,
  });
  return path;
}

function stateFolder(): string {
  const folder = inFolder(randomUUID());
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

async function converting(
  path: string,
  directory: string,
  passphrase = PASSPHRASE,
  folders?: readonly string[],
) {
  const drive = await openDrive(path);
  try {
    const passphrases = [KeyMaterial.fromText(passphrase)];
    await convertLuks1(drive, { directory, passphrases, random: randomBytes, folders });
  } finally {
    await drive.handle.close();
  }
}

function uuidOf(path: string): string {
  return stock('cryptsetup', ['luksUUID', path]).toString().trim();
}

test('data, UUID and passphrases stay; the old header is kept until it is of no more use', {
  skip,
}, async () => {
  for (const cipher of [[], ['--cipher=aes-cbc-essiv:sha256', '--key-size=256']]) {
    const path = luks1(...cipher);
    const directory = stateFolder();
    writeAt(path, 20 * MIB, Buffer.from('what was written to it'));
    const [data, uuid] = [readAt(path, 2 * MIB, 22 * MIB), uuidOf(path)];
    await converting(path, directory);
    assert.ok(readAt(path, 2 * MIB, 22 * MIB).equals(data));
    assert.equal(uuidOf(path), uuid);
    assert.deepEqual(Object.keys(shown(path).keyslots), ['0']);
    assert.ok(opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
    const [kept] = readdirSync(directory);
    assert.equal(statSync(join(directory, kept!)).mode & 0o777, 0o600);
    const digest = digestOf(path);
    await converting(path, directory);
    assert.equal(digestOf(path), digest, 'a LUKS2 volume is left as it is');
    await forgetKeptHeader(directory, uuid);
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('killed in the middle, the kept header puts the old one back', { skip }, async () => {
  const path = luks1();
  const directory = stateFolder();
  const uuid = uuidOf(path);
  // It tests the passphrase like the real one, and ends in the middle of the conversion.
  const broken =
    'if [ "$1" = convert ]; then head -c 65536 /dev/zero 1<>"$4"; kill -9 $$; fi\nexec "$TOOL" "$@"';
  const tools = standIn('cryptsetup', broken);
  const torn = converting(path, directory, PASSPHRASE, [tools, '/usr/bin', '/bin', '/sbin']);
  await assert.rejects(torn, { code: 'tool-failed' });
  assert.ok(!opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
  const kept = join(directory, `luks1-${uuid}.header`);
  stock('cryptsetup', ['luksHeaderRestore', '--batch-mode', `--header-backup-file=${kept}`, path]);
  await converting(path, directory);
  assert.ok(opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
});

test('with another passphrase, all eight keyslots used, or a header that lies, not a byte changes', {
  skip,
}, async () => {
  const full = luks1();
  for (let slot = 1; slot < 8; slot += 1) {
    const args = ['luksAddKey', ...QUICK, `--keyfile-size=${PASSPHRASE.length}`, full, '-'];
    stock('cryptsetup', args, { input: `${PASSPHRASE}${slot}` });
  }
  const lying = luks1();
  writeAt(lying, 104, Buffer.from([0xff, 0xff, 0xff, 0xff]));
  const unnamed = luks1();
  writeAt(unnamed, 168, Buffer.from('../../../../../../../../etc/something'));
  for (const [path, passphrase, code] of [
    [luks1(), 'another', 'drive-does-not-open'],
    [full, PASSPHRASE, 'invalid-argument'],
    [lying, PASSPHRASE, 'drive-altered'],
    [unnamed, PASSPHRASE, 'drive-altered'],
  ] as const) {
    const directory = stateFolder();
    const digest = digestOf(path);
    await assert.rejects(converting(path, directory, passphrase), { code });
    assert.equal(digestOf(path), digest, code);
    assert.deepEqual(readdirSync(directory), []);
  }
  const state = stateFolder();
  await forgetKeptHeader(state, '../../x');
  assert.ok(existsSync(state));
});
