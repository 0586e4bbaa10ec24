/** A drive's life while all goes well: made at one branch, read at the other, given a new key, and taken over from others. */
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import type { Claim } from './claim.ts';
import { adopting, LETTER, mountAndRead, plugOwn, readLetter, requirePassword } from './drive-work.ts';

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
    assert.equal((await readLetter(lyon, kari))['key'], rotated['key']);
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
    await plugOwn(oslo, old);
    const { key, keyslot } = await oslo.done(adopting(old));
    assert.equal(keyslot, 1);
    assert.equal((await readLetter(oslo, old))['key'], key);
    await requirePassword(oslo, old);
    await old.pull();
  },
};
