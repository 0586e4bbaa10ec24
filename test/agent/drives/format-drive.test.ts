/** Formatting with the real cryptsetup: custody first, and nothing that holds data is taken. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { formatDrive } from '#agent/drives/format-drive.ts';
import { holdDrive } from '#agent/drives/hold-drive.ts';
import { proveDriveOpens } from '#agent/drives/open-drive.ts';
import { readDrive } from '#agent/drives/read-drive.ts';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { stock, unlessInstalled } from '../system-tools.ts';
import {
  checkEmpty,
  digestOf,
  draft,
  format,
  formatted,
  image,
  MIB,
  opensStock,
  path,
  type PathJob,
  readAt,
  shown,
  standIn,
  writeAt,
} from './images.ts';
import { DRIVE } from '#test/sentences/drives.ts';

void describe('a drive formatted by Keystair', { skip: unlessInstalled('cryptsetup') }, () => {
  void it('is one that stock cryptsetup knows: UUID, label, cipher, key size, and the token', async () => {
    const { job } = await formatted({ label: 'Büro Lyon 3' });
    const dump = stock('cryptsetup', ['luksDump', job.path]).toString();
    assert.match(dump, new RegExp(`UUID:\\s+${job.uuid}`));
    assert.match(dump, /Label:\s+Büro Lyon 3/);
    assert.match(dump, /cipher: aes-xts-plain64/);
    assert.match(dump, /Key:\s+512 bits/);
    assert.match(dump, /PBKDF:\s+pbkdf2/);
    const token = { type: 'keystair', keyslots: ['0'], key: job.keyId, claim: claimToText(job.claim) };
    assert.deepEqual(shown(job.path).tokens, { '0': token });
    const exported = stock('cryptsetup', ['token', 'export', '--token-id', '0', job.path]);
    assert.deepEqual(JSON.parse(exported.toString()), token);
  });

  void it('opens with its key, by stock cryptsetup and by us, and with no other', async () => {
    const { job, key, passphrase } = await formatted();
    const other = draft(job.path).passphrase;
    assert.equal(opensStock(job.path, passphrase), true);
    assert.equal(opensStock(job.path, other), false);
    await assert.rejects(proveDriveOpens({ path: job.path, passphrase: other, key }), {
      code: 'drive-does-not-open',
    });
    assert.deepEqual(await proveDriveOpens({ path: job.path, passphrase, key }), {
      keyslot: 0,
      uuid: job.uuid,
      copiesAgree: true,
    });
  });

  void it('says of itself which key opens it, with the claim', async () => {
    const { job } = await formatted({ label: '--help' });
    const { header, tokens } = await readDrive(job.path);
    assert.equal(header.label, '--help');
    assert.deepEqual(tokens, [{ keyId: job.keyId, claim: job.claim, keyslots: [0] }]);
  });

  void it('keeps a token after stock tools changed the header', async () => {
    const { job, key, passphrase } = await formatted();
    stock('cryptsetup', ['config', '--label', 'renamed', job.path]);
    assert.equal((await readDrive(job.path)).header.label, 'renamed');
    assert.equal((await proveDriveOpens({ path: job.path, passphrase, key })).keyslot, 0);
  });

  void it('is made over data only when told to erase, and then nothing of the old shows at either end', async () => {
    const name = image();
    writeAt(name, 0, randomBytes(MIB));
    writeAt(name, 23 * MIB, randomBytes(MIB));
    const { job, key, passphrase } = draft(name);
    const before = digestOf(name);
    await assert.rejects(format(job), { code: 'drive-holds-data' });
    assert.equal(digestOf(name), before);
    await format({ ...job, erase: true });
    assert.equal((await proveDriveOpens({ path: name, passphrase, key })).keyslot, 0);
    assert.ok(readAt(name, 23 * MIB, MIB).every((byte) => byte === 0));
  });

  void it('is not begun with a label that a header cannot hold', async () => {
    const name = image();
    for (const label of ['x'.repeat(48), 'ü'.repeat(24), 'a\nb', '\ud800']) {
      await assert.rejects(format(draft(name, { label }).job), { code: 'invalid-argument' });
    }
    await checkEmpty(name);
    await format(draft(name, { label: 'x'.repeat(47) }).job);
  });
});

void describe('formatting that does not come to its end', { skip: unlessInstalled('cryptsetup') }, () => {
  /** The drive is as empty as before, and can be formatted at once. */
  async function isEmptyAgain(name: string): Promise<void> {
    await checkEmpty(name);
    assert.ok(readAt(name, 0, 24 * MIB).every((byte) => byte === 0));
    await format(draft(name).job);
  }

  void it('leaves the drive alone when it is stopped before the first write', async () => {
    const name = image();
    await assert.rejects(format(draft(name, { signal: AbortSignal.abort() }).job), {
      code: 'interrupted',
    });
    await isEmptyAgain(name);
  });

  void it('leaves the drive alone where cryptsetup is not installed, and says what to install', async () => {
    const name = image();
    writeAt(name, 5, randomBytes(100));
    const before = digestOf(name);
    await assert.rejects(format(draft(name, { folders: [path('nowhere')], erase: true }).job), (error) => {
      return (
        error instanceof KeystairError &&
        error.code === 'tool-missing' &&
        REFUSED['tool-missing'].cryptsetup.test(error.sentence)
      );
    });
    assert.equal(digestOf(name), before);
  });

  void it('leaves the drive alone when the token cannot be written', async () => {
    const name = image();
    const folder = standIn(
      'cryptsetup',
      '[ "$1" = token ] && { echo no space >&2; exit 1; }; exec "$TOOL" "$@"',
    );
    await assert.rejects(format(draft(name, { folders: [folder] }).job), {
      code: 'tool-failed',
      message: REFUSED['tool-failed'].noSpace,
    });
    await isEmptyAgain(name);
  });

  void it('leaves the drive alone when cryptsetup says that it wrote the token and did not', async () => {
    const name = image();
    const folder = standIn('cryptsetup', '[ "$1" = token ] && exit 0; exec "$TOOL" "$@"');
    await assert.rejects(format(draft(name, { folders: [folder] }).job), {
      code: 'tool-failed',
      message: DRIVE.otherVolume,
    });
    await isEmptyAgain(name);
  });

  void it('leaves the drive alone when cryptsetup fails after it wrote the header', async () => {
    const name = image();
    const folder = standIn('cryptsetup', '"$TOOL" "$@" || exit; [ "$1" = luksFormat ] && exit 3; exit 0');
    await assert.rejects(format(draft(name, { folders: [folder] }).job), { code: 'tool-failed' });
    await isEmptyAgain(name);
  });

  void it('leaves the drive as it was when cryptsetup fails before it wrote', async () => {
    const name = image();
    const folder = standIn('cryptsetup', '[ "$1" = luksFormat ] && exit 4; exec "$TOOL" "$@"');
    await assert.rejects(format(draft(name, { folders: [folder] }).job), { code: 'tool-failed' });
    await isEmptyAgain(name);
  });

  for (const failing of [1, 2, 3, 4, 5]) {
    void it(`empties the drive again when its call ${failing} to write or flush fails`, async () => {
      const name = image();
      const { job } = draft(name);
      let calls = 0;
      const failsOnce = () => {
        calls += 1;
        if (calls === failing) throw Object.assign(new Error('a bad block'), { code: 'EIO' });
      };
      await assert.rejects(formatWith(job, failsOnce), {
        code: 'tool-failed',
        message: REFUSED['tool-failed'].readOrWriteError,
      });
      await isEmptyAgain(name);
    });
  }

  void it('says so where it could not be emptied again', async () => {
    const name = image();
    let calls = 0;
    const failsFromSecond = () => {
      calls += 1;
      if (calls >= 2) throw Object.assign(new Error('a bad block'), { code: 'EIO' });
    };
    await assert.rejects(formatWith(draft(name).job, failsFromSecond), {
      message: REFUSED['tool-failed'].unfinishedVolume,
    });
  });

  void it('finds a drive that swallows what is written to it', async () => {
    const name = image();
    await assert.rejects(
      formatWith(draft(name).job, () => 'swallow'),
      {
        code: 'tool-failed',
        message: REFUSED['tool-failed'].doesNotReadBack,
      },
    );
  });

  void it('is not cut in the middle: a signal that comes while it writes finds a whole drive', async () => {
    const stop = new AbortController();
    const made = draft(image(), { signal: stop.signal });
    await formatWith(made.job, () => stop.abort());
    assert.equal(stop.signal.aborted, true);
    assert.equal(opensStock(made.job.path, made.passphrase), true);
  });
});

/** Formats a drive on which each writing or flushing call begins with `each`, which may throw or swallow it. */
async function formatWith(job: PathJob, each: () => unknown): Promise<void> {
  const { handle, target } = await holdDrive(job.path);
  const write = async (...args: unknown[]) => {
    const [bytes, from, length, at] = args as [Uint8Array, number, number, number];
    if (each() === 'swallow') return { bytesWritten: length, buffer: bytes };
    return handle.write(bytes, from, length, at);
  };
  const faulty = {
    write,
    read: handle.read.bind(handle),
    stat: handle.stat.bind(handle),
    sync: async () => {
      each();
      await handle.sync();
    },
  };
  try {
    await formatDrive({ ...job, drive: { target, handle: faulty as unknown as FileHandle } });
  } finally {
    await handle.close();
  }
}

void describe('a passphrase on its way to cryptsetup', { skip: unlessInstalled('cryptsetup') }, () => {
  void it('is in no argument and no environment variable of any run, and neither is the claim', async () => {
    const log = path('seen');
    const folder = standIn(
      'cryptsetup',
      `cat /proc/$$/cmdline /proc/$$/environ >> ${log}; echo "$@" >> ${log}; exec "$TOOL" "$@"`,
    );
    const made = draft(image(), { folders: [folder, '/bin', '/usr/bin'] });
    process.env['KEYSTAIR_TEST_CANARY'] = 'canary';
    await format(made.job);
    await proveDriveOpens({
      path: made.job.path,
      passphrase: made.passphrase,
      key: made.key,
      folders: [folder, '/bin'],
    });
    delete process.env['KEYSTAIR_TEST_CANARY'];
    const seen = readFileSync(log, 'latin1');
    assert.match(seen, /luksFormat/);
    assert.match(seen, /token import/);
    assert.match(seen, /--test-passphrase/);
    for (const secret of [made.passphrase.exposeText()!, claimToText(made.job.claim), 'canary']) {
      assert.ok(!seen.includes(secret));
      assert.ok(!seen.includes(secret.replaceAll('-', '')));
    }
  });
});
