/**
 * A device whose state lies on a disk that is full or read-only: it is told so, nothing is lost and nothing touched,
 * and it goes on reading its own files.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { decryptFile, encryptFile, formatDrive, heartbeat, run } from '#agent/main.ts';
import { type Device, organisation, type Server } from '#test/support/organisation.ts';
import { mountSmallDisk, type SmallDisk, unlessRoot } from '#test/support/small-disk.ts';

const IMAGE_BYTES = 32 * 1024 * 1024;
const skip = unlessRoot();
const place = organisation('state-disk', { passwords: 'cheap' });
const { signal: stop } = new AbortController();
const [own, others, image, out] = ['own.age', 'others.age', 'image', 'out'].map(place.path) as [
  string,
  string,
  string,
  string,
];
let oslo: Server;
let device: Device;
let disk: SmallDisk;

void describe('agent state', { skip }, () => {
  before(async () => {
    oslo = await place.server('Oslo');
    disk = mountSmallDisk(place.device('PC').state, 1);
    device = await place.enrol('PC', oslo);
    await device.encrypt('mine', own);
    const laptop = await place.enrol('Laptop', oslo);
    // One for each disk: what was opened once is kept already.
    for (const code of ['disk-full', 'data-not-writable'])
      await laptop.encrypt('theirs', `${others}-${code}`, { newIdentity: true });
    writeFileSync(image, Buffer.alloc(IMAGE_BYTES));
  });

  for (const [what, code, begin, end] of [
    ['on a full disk', 'disk-full', () => disk.fill(), () => disk.empty()],
    ['mounted read-only', 'data-not-writable', () => disk.remount('ro'), () => disk.remount('rw')],
  ] as const) {
    test(`${what} refuses what it would have to keep, and reads what is its own`, async () => {
      const { state } = device;
      const keysBefore = await oslo.keyIds();
      begin();
      try {
        await assert.rejects(encryptFile({ state, from: own, to: out, stop, newIdentity: true }), { code });
        await assert.rejects(decryptFile({ state, from: `${others}-${code}`, to: out, stop }), { code });
        await assert.rejects(
          formatDrive({
            state,
            path: image,
            label: undefined,
            erase: false,
            stop: new AbortController().signal,
          }),
          { code },
        );
        await assert.rejects(heartbeat({ state }), { code });
        assert.ok(!existsSync(out));
        assert.ok(readFileSync(image).equals(Buffer.alloc(IMAGE_BYTES)), 'the image is as it was');
        assert.equal(await device.textOf(own), 'mine');
        await encryptFile({ state, from: own, to: `${out}-${code}`, stop });
      } finally {
        end();
      }
      assert.deepEqual(await oslo.keyIds(), keysBefore, 'no key was made for nothing');
      await device.heartbeat();
      assert.equal(await device.textOf(`${others}-${code}`), 'theirs');
    });
  }

  test('that cannot be written does not end the service', async () => {
    disk.remount('ro');
    const ended = new AbortController();
    try {
      const running = run({ state: device.state, stop: ended.signal, words: ({ sentence }) => sentence });
      // Its first heartbeat has failed once the server has heard it.
      const heard = async () =>
        (await oslo.call('listDevices', {})).devices.find(({ name }) => name === 'PC')?.lastHeartbeatAt;
      const before = await heard();
      while ((await heard()) === before) await new Promise((resolve) => setImmediate(resolve));
      ended.abort();
      await running;
    } finally {
      disk.remount('rw');
    }
  });
});
