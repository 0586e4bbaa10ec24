/** Sticks that are plugged into a device whose policy has a rule for them, with the agent running as a service. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import type { Claim } from './claim.ts';
import type { Device } from './office.ts';
import type { Stick } from './stick.ts';

const LOG = '/run/agent.log';
const POLICY = {
  removableDrives: 'encrypt-before-writing',
  removableExceptions: [
    { serial: 'READER', rule: 'read-only' },
    { serial: 'STRANGER', rule: 'refuse' },
    { serial: 'TRUSTED', rule: 'leave' },
  ],
};
/** How often a loose contact comes and goes. */
const FLAPS = 3;

/** Plugs it in, and waits until the agent has noted that outcome. */
async function met(device: Device, stick: Stick, done: string): Promise<void> {
  await stick.plug(device.machine, { wait: false });
  const noted = `"serial":"${stick.serial}".*"done":"${done}"`;
  await device.machine.must(`until grep -q '${noted}' ${LOG}; do sleep 0.2; done; udevadm settle`);
}

async function takesWrites({ machine }: Device, { path }: Stick): Promise<boolean> {
  const { status } = await machine.run(`dd if=/dev/zero of=${path} bs=4096 count=1 seek=8000 conv=fsync`);
  return status === 0;
}

export const removable: Claim = {
  name: 'removable',
  proves: [
    'a stick that may only be read takes no write, though it is not write-protected',
    'a stick that must be encrypted first takes no write until its key is in custody, and from then on wherever it is plugged in',
    'a stick that is refused is switched off, and one with an exception is left alone',
    'two sticks that are copies of each other are each held to the rule, and each opens',
    'a stick with a loose contact is held to the rule each time',
  ],
  async show({ oslo, stick, setPolicy }) {
    await setPolicy(POLICY);
    await oslo.done(['heartbeat']);
    const service = oslo.begin(['run'], `exec 2>${LOG};`);

    const reader = stick('READER');
    await met(oslo, reader, 'made read-only');
    assert.equal(await takesWrites(oslo, reader), false, 'a write went through');

    const own = stick('OWN');
    await met(oslo, own, 'not encrypted');
    assert.equal(await takesWrites(oslo, own), false, 'a write went through');
    // What the person is told.
    await oslo.machine.must(`blockdev --setrw ${own.path}`);
    await oslo.done(['format-drive', own.path, '--erase']);
    await own.pull();
    await met(oslo, own, 'in custody');
    assert.equal(await takesWrites(oslo, own), true);

    const twin = stick('TWIN');
    copyFileSync(own.image, twin.image);
    await met(oslo, twin, 'in custody');
    for (const [one, name] of [
      [own, 'own'],
      [twin, 'twin'],
    ] as const) {
      await oslo.done(['open-drive', one.path, '--name', name]);
      await oslo.machine.must(`cryptsetup close ${name}`);
    }
    await twin.pull();

    const stranger = stick('STRANGER');
    await met(oslo, stranger, 'shut out');
    await oslo.machine.must(`while [ -e ${stranger.path} ]; do sleep 0.1; done`);
    const trusted = stick('TRUSTED');
    await trusted.plug(oslo.machine);
    assert.equal(await takesWrites(oslo, trusted), true);

    for (let times = 1; times <= FLAPS; times += 1) {
      await reader.pull();
      await reader.plug(oslo.machine);
    }
    await oslo.machine.must(`until [ "$(blockdev --getro ${reader.path})" = 1 ]; do sleep 0.1; done`);
    assert.equal(await takesWrites(oslo, reader), false, 'a write went through');
    await service.kill();
    for (const one of [reader, own, stranger, trusted]) await one.pull();
  },
};
