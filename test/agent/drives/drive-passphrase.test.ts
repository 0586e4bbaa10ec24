/** The passphrase of a keyslot: random, typeable, and given to cryptsetup byte for byte. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { makeDrivePassphrase } from '#agent/drives/drive-passphrase.ts';

const random = (bytes: number) => Uint8Array.from(randomBytes(bytes));

void describe('the passphrase of a drive', () => {
  void it('can be read out: groups of four, none of the letters that look like others', () => {
    for (let round = 0; round < 100; round += 1) {
      const text = makeDrivePassphrase(random).exposeText();
      assert.match(text ?? '', /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){12}$/);
    }
  });

  void it('has 256 random bits at least: 52 characters, each of 32 alike, each moved by the randomness', () => {
    const counts = new Map<string, number>();
    let asked = 0;
    const text = makeDrivePassphrase((bytes) => {
      asked = bytes;
      return Uint8Array.from({ length: bytes }, (_, index) => index);
    }).exposeText()!;
    assert.ok(asked * 5 >= 256);
    assert.equal(text.replaceAll('-', '').length, asked);
    assert.equal(new Set(text.replaceAll('-', '').slice(0, 32)).size, 32);
    for (let byte = 0; byte < 256; byte += 1) {
      const [character] = makeDrivePassphrase((bytes) => new Uint8Array(bytes).fill(byte)).exposeText()!;
      counts.set(character!, (counts.get(character!) ?? 0) + 1);
    }
    assert.deepEqual([...new Set(counts.values())], [8]);
  });

  void it('never prints, and leaves no random bytes behind', () => {
    let given = new Uint8Array(0);
    const passphrase = makeDrivePassphrase((bytes) => (given = random(bytes)));
    assert.ok(!inspect(passphrase).includes(passphrase.exposeText()!));
    assert.deepEqual([...new Set(given)], [0]);
  });
});
