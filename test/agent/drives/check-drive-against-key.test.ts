/** A drive's header is held against the key's record: what differs in what matters is refused, whoever wrote it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkDriveAgainstKey } from '#agent/drives/check-drive-against-key.ts';
import type { EncryptionKey } from '#domain/encryption-key.ts';
import { KeystairError } from '#domain/errors.ts';
import { parseLuks2Header } from '#agent/drives/luks2/luks2-header.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { DRIVE } from '#test/sentences/drives.ts';
import { driveJson, KEY_ID, luksFront, UUID } from './luks2/luks2-front.ts';

type Drive = ReturnType<typeof driveJson>;

const KEY: EncryptionKey = {
  id: KEY_ID,
  kind: 'volume',
  claimHash: '0'.repeat(64),
  device: { id: UUID, name: 'laptop' },
  locator: { luksUuid: UUID },
  algorithm: 'aes-xts-plain64/512',
  origin: UUID,
  createdAt: '2026-01-02T03:04:05.678Z',
  replaces: null,
};

function check(change: (json: Drive) => void, key: Partial<EncryptionKey> = {}): readonly number[] {
  const json = driveJson();
  change(json);
  return checkDriveAgainstKey(parseLuks2Header(luksFront({ json, uuid: UUID })), { ...KEY, ...key });
}

/** What the refusal names. */
function difference(change: (json: Drive) => void, key: Partial<EncryptionKey> = {}): string {
  try {
    check(change, key);
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, 'drive-altered');
    assert.match(error.sentence, REFUSED['drive-altered'].doNotWrite);
    return error.message;
  }
  return assert.fail('accepted');
}

function changing(
  part: 'segments' | 'keyslots' | 'digests' | 'tokens',
  values: object,
): (json: Drive) => void {
  return (json) => Object.assign(json[part]['0']!, values);
}

const SAME = () => {};

void describe("a drive held against its key's record", () => {
  void it('is fit where nothing differs, and only the keyslots of that key are to be used', () => {
    assert.deepEqual(check(SAME), [0]);
    assert.deepEqual(check(SAME, { locator: { luksUuid: UUID.toUpperCase() } }), [0]);
    const two = (json: Drive) => {
      json.keyslots['7'] = structuredClone(json.keyslots['0']!);
      json.keyslots['3'] = structuredClone(json.keyslots['0']!);
      json.digests['0']!['keyslots'] = ['0', '3', '7'];
      json.tokens['1'] = { ...json.tokens['0'], keyslots: ['7', '0'] };
    };
    assert.deepEqual(check(two), [0, 7]);
  });

  void it('is fit with another cipher where the record says so: an adopted volume', () => {
    const having = (cipher: string) => (json: Drive) => {
      json.segments['0']!['encryption'] = cipher;
      json.keyslots['0']!['key_size'] = 32;
    };
    for (const cipher of ['serpent-xts-plain64', 'xchacha20,aes-adiantum-plain64', 'capi:xts(aes)-plain64'])
      assert.deepEqual(check(having(cipher), { algorithm: `${cipher}/256` }), [0]);
    assert.match(difference(having('serpent-xts-plain64')), DRIVE.otherCipherAndSize);
  });

  const altered: Readonly<Record<string, readonly [change: (json: Drive) => void, names: RegExp]>> = {
    'a null cipher for the data': [changing('segments', { encryption: 'cipher_null-ecb' }), DRIVE.nullCipher],
    'no cipher for the data': [(json) => delete json.segments['0']!['encryption'], DRIVE.unencrypted],
    'another cipher for the data': [changing('segments', { encryption: 'aes-cbc-plain' }), DRIVE.otherCipher],
    'a null cipher for the keyslot': [
      (json) => Object.assign(json.keyslots['0']!['area'] as object, { encryption: 'cipher_null-ecb' }),
      DRIVE.keyslotNotEncrypted(0),
    ],
    'another cipher for the keyslot': [
      (json) => Object.assign(json.keyslots['0']!['area'] as object, { encryption: 'aes-ecb' }),
      DRIVE.keyslotOtherCipher,
    ],
    'a short key for the keyslot': [
      (json) => Object.assign(json.keyslots['0']!['area'] as object, { key_size: 16 }),
      DRIVE.keyslotCipher,
    ],
    'a null cipher for a keyslot of somebody else': [
      (json) => {
        json.keyslots['1'] = structuredClone(json.keyslots['0']!);
        Object.assign(json.keyslots['1']['area'] as object, { encryption: 'cipher_null-ecb' });
      },
      DRIVE.keyslotNotEncrypted(1),
    ],
    'a shorter key': [changing('keyslots', { key_size: 32 }), DRIVE.shorterKey],
    'a data segment that is not encrypted': [
      (json) => (json.segments['0'] = { type: 'linear', offset: '0', size: 'dynamic' }),
      DRIVE.linear,
    ],
    'a further segment': [
      (json) => (json.segments['1'] = { ...json.segments['0']!, offset: '33554432' }),
      DRIVE.segments(2),
    ],
    'no segment': [(json) => delete json.segments['0'], DRIVE.segments(0)],
    'a segment of a re-encryption': [
      changing('segments', { flags: ['backup-previous'] }),
      DRIVE.segmentOfReencryption,
    ],
    'an integrity layer': [changing('segments', { integrity: { type: 'none' } }), DRIVE.integrity],
    'shifted sector numbers': [changing('segments', { iv_tweak: '8' }), DRIVE.sectorNumbering],
    'an impossible sector size': [changing('segments', { sector_size: 100 }), DRIVE.sectorSize],
    'a re-encryption that was begun': [
      (json) => (json.config['requirements'] = { mandatory: ['online-reencrypt-v2'] }),
      DRIVE.reencryption,
    ],
    'an unknown requirement': [
      (json) => (json.config['requirements'] = { mandatory: ['inline-hw-tags'] }),
      DRIVE.unknownRequirement,
    ],
    'a keyslot of a re-encryption': [
      (json) => (json.keyslots['1'] = { ...structuredClone(json.keyslots['0']!), type: 'reencrypt' }),
      DRIVE.keyslotOfReencryption,
    ],
    'a keyslot of an unknown type': [changing('keyslots', { type: 'luks9' }), DRIVE.keyslotUnknown],
    'a keyslot that opens another key than that of the data': [
      changing('digests', { segments: [] }),
      DRIVE.keyslotOfOtherData,
    ],
    'a keyslot with two digests': [
      (json) => (json.digests['1'] = structuredClone(json.digests['0']!)),
      DRIVE.keyslotOfOtherData,
    ],
    'the token of another key': [
      changing('tokens', { key: '01910000-0000-7abc-8def-0123456789ab' }),
      REFUSED['drive-altered'].namesAnotherKey,
    ],
  };
  for (const [what, [change, names]] of Object.entries(altered)) {
    void it(`is refused with ${what}, by name`, () => assert.match(difference(change), names));
  }

  void it('is refused with another UUID, or where the record has none', () => {
    const other = UUID.replace('7', '8');
    assert.match(difference(SAME, { locator: { luksUuid: other } }), DRIVE.otherUuid(UUID, other));
    assert.match(difference(SAME, { locator: {} }), DRIVE.noUuid);
  });

  void it('is refused where the record is not one of a drive, or allows no encryption', () => {
    for (const algorithm of ['age-x25519', 'cipher_null-ecb/512', 'aes-xts-plain64', '']) {
      assert.match(difference(SAME, { algorithm }), DRIVE.noDriveCipher);
    }
  });

  void it('is told all that differs at once', () => {
    const message = difference((json) => {
      json.segments['0']!['encryption'] = 'cipher_null-ecb';
      json.config['requirements'] = { mandatory: ['online-reencrypt'] };
    });
    assert.match(message, DRIVE.reencryptionAndUnencrypted);
  });
});
