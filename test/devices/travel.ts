/** A drive's life while all goes well: made at one branch, read at the other, given a new key, and taken over from others. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import type { Claim } from './claim.ts';
import { LETTER, makeOwn, mountAndRead, PASSWORD } from './drive-work.ts';

export const travel: Claim = {
  name: 'travel',
  proves: [
    'a stick that was formatted, opened, mounted and written at one branch is read at the other',
    'opened with --read-only, a stick takes no write, neither through the mapping nor by its own path',
    'after a rotation the new key opens the stick and the old one no longer does; what is on it stays',
  ],
  async show({ oslo, lyon, stick, keysAtRoot }) {
    const kari = stick('KARI');
    await kari.plug(oslo.machine);
    const { key } = await oslo.done(['format-drive', kari.path, '--label', 'Kari blue']);
    await oslo.done(['open-drive', kari.path, '--name', 'kari']);
    await oslo.machine.must(
      `mkfs.ext4 -qF /dev/mapper/kari && mount /dev/mapper/kari /run/mnt && printf %s '${LETTER}' >/run/mnt/letter`,
    );
    // What is mounted is not closed under those who use it.
    await oslo.refused(['close-drive', 'kari'], 'drive-holds-data');
    await oslo.machine.must('umount /run/mnt');
    await oslo.done(['close-drive', 'kari']);
    await kari.pull();
    await eventually('the key at the root', async () => (await keysAtRoot()).includes(String(key)));

    await kari.plug(lyon.machine);
    const opened = await lyon.done(['open-drive', kari.path, '--name', 'kari', '--read-only']);
    assert.equal(opened['key'], key);
    assert.equal(opened['source'], 'Headquarters');
    assert.equal(await mountAndRead(lyon, 'kari', { readOnly: true }), LETTER);
    assert.equal(await lyon.machine.must('blockdev --getro /dev/mapper/kari'), '1');
    const write = await lyon.machine.run('dd if=/dev/zero of=/dev/mapper/kari bs=4096 count=1 conv=fsync');
    assert.notEqual(write.status, 0, 'a write went through');
    await lyon.machine.must('cryptsetup close kari');

    const rotated = await lyon.done(['rotate', kari.path]);
    assert.equal(rotated['replaces'], key);
    const proved = await lyon.done(['open-drive', kari.path, '--name', 'kari']);
    assert.equal(proved['key'], rotated['key']);
    assert.equal(await mountAndRead(lyon, 'kari'), LETTER);
    await lyon.machine.must('cryptsetup close kari');
    const slots = await lyon.machine.must(`cryptsetup luksDump --dump-json-metadata ${kari.path}`);
    const { keyslots, tokens } = JSON.parse(slots) as { keyslots: object; tokens: object };
    assert.equal(Object.keys(keyslots).length, 1, 'the old keyslot is still there');
    assert.equal(Object.keys(tokens).length, 1, 'the old key is still named');
    await kari.pull();
  },
};

export const adopt: Claim = {
  name: 'adopt',
  proves: [
    'a volume that others made is taken into custody as it is: it opens with its key and with the password of before',
  ],
  async show({ oslo, stick }) {
    const old = stick('OLD');
    await old.plug(oslo.machine);
    await makeOwn(oslo, old.path);
    const { key, keyslot } = await oslo.done(['adopt-drive', old.path, '--password-file', '/run/password']);
    assert.equal(keyslot, 1);
    const opened = await oslo.done(['open-drive', old.path, '--name', 'old']);
    assert.equal(opened['key'], key);
    assert.equal(await mountAndRead(oslo, 'old'), LETTER);
    await oslo.machine.must('cryptsetup close old');
    await oslo.machine.must(
      `printf %s '${PASSWORD}' | cryptsetup open --test-passphrase --key-slot 0 --key-file=- ${old.path}`,
    );
    await old.pull();
  },
};
