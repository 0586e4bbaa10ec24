/** Opening with the real cryptsetup: the record decides, and a header that was changed opens nothing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { proveDriveOpens } from '#agent/drives/open-drive.ts';
import { readDrive } from '#agent/drives/read-drive.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { COPY_BYTES, type Json, patchJson } from './luks2/luks2-front.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import {
  digestOf,
  formatted,
  image,
  type Made,
  MIB,
  opensStock,
  patchFront,
  path,
  readAt,
  shown,
  standIn,
  writeAt,
} from './images.ts';
import { DRIVE } from '#test/sentences/drives.ts';

const skip = unlessInstalled('cryptsetup');

function prove({ job, key, passphrase }: Made) {
  return proveDriveOpens({ path: job.path, key, passphrase });
}

/** The refusal of a drive that somebody changed, and that stock cryptsetup would open all the same. */
async function alteredBy(change: (json: Json) => void): Promise<string> {
  const made = await formatted();
  patchFront(made.job.path, (front) => patchJson(front, change));
  shown(made.job.path);
  try {
    await prove(made);
  } catch (error) {
    assert.ok(error instanceof KeystairError, String(error));
    assert.equal(error.code, 'drive-altered');
    return error.message;
  }
  return assert.fail('accepted');
}

function part(json: Json, name: string): Record<string, Json> {
  return json[name] as Record<string, Json>;
}

void describe('a drive that somebody had for a while', { skip }, () => {
  void it('and whose data would be written unencrypted is refused, though the passphrase opens it', async () => {
    const made = await formatted();
    patchFront(made.job.path, (front) =>
      patchJson(front, (json) => (part(json, 'segments')['0']!['encryption'] = 'cipher_null-ecb')),
    );
    assert.equal(shown(made.job.path).segments['0']!.encryption, 'cipher_null-ecb');
    assert.equal(opensStock(made.job.path, made.passphrase), true);
    await assert.rejects(prove(made), { code: 'drive-altered', message: DRIVE.unencrypted });
  });

  void it('and that has a further segment is refused', async () => {
    const message = await alteredBy((json) => {
      const segments = part(json, 'segments');
      segments['0']!['size'] = String(4 * MIB);
      segments['1'] = { type: 'linear', offset: String(20 * MIB), size: 'dynamic' };
      part(json, 'digests')['0']!['segments'] = ['0'];
    });
    assert.match(message, DRIVE.segments(2));
  });

  void it('and that is being re-encrypted is refused, though the passphrase opens it', async () => {
    const made = await formatted();
    const cheap = ['--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000', '--key-file=-', made.job.path];
    const input = made.passphrase.expose();
    stock('cryptsetup', ['reencrypt', '--init-only', '--batch-mode', ...cheap], { input });
    assert.equal(opensStock(made.job.path, made.passphrase), true);
    await assert.rejects(prove(made), { code: 'drive-altered', message: DRIVE.reencryption });
  });

  void it('and that was put in the place of another is refused', async () => {
    const [mine, theirs] = [await formatted(), await formatted()];
    const swapped = { ...mine, job: theirs.job };
    await assert.rejects(prove(swapped), {
      code: 'drive-altered',
      message: DRIVE.otherUuidAndKey,
    });
  });

  void it('and whose header changes while it is looked at is refused', async () => {
    const made = await formatted();
    const folder = standIn(
      'cryptsetup',
      `"$TOOL" "$@" || exit; exec "$TOOL" config --label other ${made.job.path}`,
    );
    const { job, key, passphrase } = made;
    await assert.rejects(proveDriveOpens({ path: job.path, key, passphrase, folders: [folder] }), {
      code: 'drive-altered',
      message: DRIVE.changedWhileRead,
    });
  });
});

void describe('a drive with a damaged header', { skip }, () => {
  for (const [which, at] of [
    ['first', 5000],
    ['second', COPY_BYTES + 5000],
  ] as const) {
    void it(`in its ${which} copy opens by the other, which is told, and nothing is written to it`, async () => {
      const made = await formatted();
      assert.equal((await prove(made)).copiesAgree, true);
      writeAt(made.job.path, at, randomBytes(100));
      const before = digestOf(made.job.path);
      const { keyslot, copiesAgree } = await prove(made);
      assert.deepEqual([keyslot, copiesAgree], [0, false]);
      assert.equal(digestOf(made.job.path), before);
    });
  }

  void it('of which a power cut left the older second copy opens by the first', async () => {
    const made = await formatted();
    const second = readAt(made.job.path, COPY_BYTES, COPY_BYTES);
    stock('cryptsetup', ['config', '--label', 'renamed', made.job.path]);
    writeAt(made.job.path, COPY_BYTES, second);
    const { keyslot, copiesAgree } = await prove(made);
    assert.deepEqual([keyslot, copiesAgree], [0, false]);
  });

  void it('in both copies is refused, and nothing is written to it', async () => {
    const made = await formatted();
    writeAt(made.job.path, 5000, randomBytes(100));
    writeAt(made.job.path, COPY_BYTES + 5000, randomBytes(100));
    const before = digestOf(made.job.path);
    await assert.rejects(prove(made), { code: 'drive-altered', message: DRIVE.bothCopies });
    assert.equal(digestOf(made.job.path), before);
  });
});

void describe('a drive without its data', { skip }, () => {
  void it('is not said to open: its header is right, and the data are missing', async () => {
    const made = await formatted();
    const backup = path('header-backup');
    stock('cryptsetup', ['luksHeaderBackup', '--header-backup-file', backup, made.job.path]);
    truncateSync(made.job.path, 16 * MIB);
    for (const name of [backup, made.job.path]) {
      await assert.rejects(prove({ ...made, job: { ...made.job, path: name } }), {
        code: 'drive-data-missing',
        details: { bytes: 16 * MIB, dataOffset: String(16 * MIB) },
      });
    }
  });

  void it('is not said to open where its header tells how long they are and they are cut off', async () => {
    const made = await formatted();
    patchFront(made.job.path, (front) =>
      patchJson(front, (json) => (part(json, 'segments')['0']!['size'] = String(8 * MIB))),
    );
    assert.equal((await prove(made)).keyslot, 0);
    truncateSync(made.job.path, 24 * MIB - 4096);
    await assert.rejects(prove(made), { code: 'drive-data-missing' });
  });

  void it('and without its keyslots is told as that too', async () => {
    const made = await formatted();
    truncateSync(made.job.path, 64 * 1024);
    await assert.rejects(prove(made), { code: 'drive-data-missing' });
  });
});

void describe('proving that a key opens a drive', { skip }, () => {
  void it('changes not one byte of it', async () => {
    const made = await formatted();
    const before = digestOf(made.job.path);
    await prove(made);
    assert.equal(digestOf(made.job.path), before);
  });

  void it('tries only the keyslot that was checked', async () => {
    const { job, key } = await formatted();
    const second = KeyMaterial.fromText('another passphrase of the drive');
    const both = path('both-keys');
    writeFileSync(both, second.expose());
    stock(
      'cryptsetup',
      [
        'luksAddKey',
        '--batch-mode',
        '--key-slot=4',
        '--pbkdf=pbkdf2',
        '--pbkdf-force-iterations=1000',
        '--key-file=-',
        job.path,
        both,
      ],
      {
        input: job.passphrase.expose(),
      },
    );
    assert.equal(opensStock(job.path, second), true);
    await assert.rejects(proveDriveOpens({ path: job.path, key, passphrase: second }), {
      code: 'drive-does-not-open',
    });
  });

  void it('finds a keyslot that was overwritten, and one that was removed', async () => {
    const overwritten = await formatted();
    writeAt(overwritten.job.path, 32768, randomBytes(258048));
    await assert.rejects(prove(overwritten), { code: 'drive-does-not-open' });
    const removed = await formatted();
    stock('cryptsetup', ['luksKillSlot', '--batch-mode', removed.job.path, '0']);
    await assert.rejects(prove(removed), { code: 'drive-altered', message: DRIVE.keyslotRemoved });
  });

  void it('says what is there instead where it is no drive of ours', async () => {
    const passphrase = KeyMaterial.fromText('x');
    const { key } = await formatted();
    await assert.rejects(proveDriveOpens({ path: image(), key, passphrase }), { code: 'drive-not-luks' });
    await assert.rejects(proveDriveOpens({ path: path('missing'), key, passphrase }), { code: 'not-found' });
    const pipe = path('pipe');
    stock('mkfifo', [pipe]);
    for (const name of [pipe, path('.'), '/dev/zero']) {
      await assert.rejects(readDrive(name), { code: 'invalid-argument' });
      await assert.rejects(proveDriveOpens({ path: name, key, passphrase }), { code: 'invalid-argument' });
    }
  });

  void it('finds no token on a volume that Keystair never had, and says so by an empty list', async () => {
    const name = image();
    const format = [
      'luksFormat',
      '--batch-mode',
      '--type=luks2',
      '--pbkdf=pbkdf2',
      '--pbkdf-force-iterations=1000',
    ];
    stock('cryptsetup', [...format, '--key-file=-', name], { input: 'x' });
    assert.deepEqual((await readDrive(name)).tokens, []);
    const old = image();
    stock(
      'cryptsetup',
      ['luksFormat', '--batch-mode', '--type=luks1', '--pbkdf-force-iterations=1000', '--key-file=-', old],
      { input: 'x' },
    );
    await assert.rejects(readDrive(old), { code: 'drive-not-luks', message: DRIVE.luks1 });
  });

  void it('can be stopped, and ends only when cryptsetup has', async () => {
    const made = await formatted();
    const stop = new AbortController();
    const [begun, ended] = [path('begun'), path('ended')];
    const folder = standIn(
      'cryptsetup',
      `trap 'kill $S; touch ${ended}; exit 1' TERM; sleep 30 & S=$!; touch ${begun}; wait`,
    );
    const waiting = setInterval(() => {
      if (existsSync(begun)) stop.abort();
    }, 5);
    const { job, key, passphrase } = made;
    const stopped = proveDriveOpens({
      path: job.path,
      key,
      passphrase,
      signal: stop.signal,
      folders: [folder, '/usr/bin', '/bin'],
    });
    assert.equal(await stopped.then(() => 'opened', codeOf), 'interrupted');
    clearInterval(waiting);
    assert.ok(existsSync(ended));
  });
});
