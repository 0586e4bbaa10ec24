/**
 * A drive is opened under a name by the copy of its header that was judged, with the keyslot that was checked; what must
 * not be opened never gets as far as the kernel. Where the kernel has a device mapper the drive is really opened; where
 * it has none, the real cryptsetup goes up to the kernel's refusal.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openDrive } from '#agent/drives/drive-target.ts';
import { closeMapped, type MapJob, mapDrive, mappedPath } from '#agent/drives/map-drive.ts';
import { codeOf } from '#domain/errors.ts';
import { unlessInstalled } from '../system-tools.ts';
import { type Json, patchJson } from './luks2/luks2-front.ts';
import { formatted, image, type Made, patchFront, path, readAt, standIn } from './images.ts';

const skip = unlessInstalled('cryptsetup');
const SYSTEM = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const FRONT_BYTES = 16 * 1024 * 1024;

async function mapping({ job, key, passphrase }: Made, more: Partial<MapJob> = {}) {
  const drive = await openDrive(job.path);
  try {
    return await mapDrive(drive, { key, passphrase, name: 'kari-blue', readOnly: false, ...more });
  } finally {
    await drive.handle.close();
  }
}

/** Writes down what the mapping `open` is given, and maps nothing. */
function recorder(record: string, also = ''): readonly string[] {
  const script = `case "$*" in
    open*--test-passphrase*) ${also} exec "$TOOL" "$@";;
    open*) printf '%s\\n' "$@" > ${record}; sha256sum < /proc/self/fd/3 > ${record}.header; cat > ${record}.input; exit 0;;
  esac; exec "$TOOL" "$@"`;
  return [standIn('cryptsetup', script), ...SYSTEM];
}

test('cryptsetup maps by the judged copy of the header, with the checked keyslot, and the passphrase comes by a pipe', {
  skip,
}, async () => {
  const made = await formatted();
  const record = path('record');
  const proved = await mapping(made, { folders: recorder(record) });
  assert.deepEqual(proved, { keyslot: 0, uuid: made.job.uuid, copiesAgree: true });
  assert.deepEqual(readFileSync(record, 'utf8').trim().split('\n'), [
    'open',
    '--type=luks2',
    '--disable-external-tokens',
    '--key-file=-',
    '--key-slot=0',
    '--header=/proc/self/fd/3',
    made.job.path,
    'kari-blue',
  ]);
  const front = createHash('sha256')
    .update(readAt(made.job.path, 0, FRONT_BYTES))
    .digest('hex');
  assert.match(readFileSync(`${record}.header`, 'utf8'), new RegExp(`^${front}`));
  assert.ok(readFileSync(`${record}.input`).equals(made.passphrase.expose()));
  await mapping(made, { folders: recorder(record), readOnly: true });
  assert.ok(readFileSync(record, 'utf8').includes('\n--readonly\n'));
});

test('an altered header, another drive in its place and an impossible name are refused before anything is opened', {
  skip,
}, async () => {
  const record = path('none');
  const altered = await formatted();
  patchFront(altered.job.path, (front) =>
    patchJson(front, (json) => {
      (json['segments'] as Record<string, Json>)['0']!['encryption'] = 'cipher_null-ecb';
    }),
  );
  await assert.rejects(mapping(altered, { folders: recorder(record) }), { code: 'drive-altered' });
  const made = await formatted();
  const swap = `mv ${image()} ${made.job.path};`;
  await assert.rejects(mapping(made, { folders: recorder(record, swap) }), { code: 'drive-altered' });
  const other = await formatted();
  for (const name of ['', '..', '-o', 'a/b', 'control', 'x'.repeat(128), 'ä'])
    await assert.rejects(mapping(other, { name, folders: recorder(record) }), { code: 'invalid-argument' });
  assert.equal(existsSync(record), false);
});

test('the real cryptsetup opens it, or says what the kernel lacks; what is not opened cannot be closed', {
  skip,
}, async () => {
  const made = await formatted();
  const name = `keystair-test-${process.pid}`;
  const opened = await mapping(made, { name }).then(
    () => true,
    (error: unknown) => {
      assert.equal(codeOf(error), 'tool-failed');
      assert.ok(String(error).includes('device-mapper'), String(error));
      return false;
    },
  );
  if (opened) {
    assert.ok(existsSync(mappedPath(name)));
    await assert.rejects(mapping(made, { name }), { code: 'already-exists' });
    await closeMapped(name);
  }
  assert.equal(existsSync(mappedPath(name)), false);
  await assert.rejects(closeMapped(name), { code: 'not-found' });
});
