/** A removable drive that is plugged in is held to the rule that the policy has for it, and to no other. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { POLICY_DEFAULTS } from '#domain/policy/settings.ts';
import { PluggedMachine, stickAt } from './plugged.ts';

const PARTED = { children: [{ name: '/dev/sdb1', type: 'part', size: 1 }] };

function machineWith(
  removableDrives: typeof POLICY_DEFAULTS.removableDrives,
  exceptions: typeof POLICY_DEFAULTS.removableExceptions = [],
): PluggedMachine {
  const machine = new PluggedMachine();
  machine.settings = { ...POLICY_DEFAULTS, removableDrives, removableExceptions: exceptions };
  return machine;
}

test('without a rule nothing is done and nothing said', async () => {
  const machine = machineWith('leave');
  machine.plugged([stickAt('/dev/sdb')]);
  await machine.meeter.look();
  assert.deepEqual([machine.set(), machine.told, machine.noted], [[], [], []]);
});

test('read-only covers the disk and each partition, also one that appears later', async () => {
  const machine = machineWith('read-only');
  machine.plugged([stickAt('/dev/sdb')]);
  await machine.meeter.look();
  assert.deepEqual(machine.set(), ['--setro /dev/sdb']);
  assert.equal(machine.told.length, 1);
  machine.plugged([stickAt('/dev/sdb', PARTED)]);
  await machine.meeter.look();
  assert.deepEqual(machine.set(), ['--setro /dev/sdb /dev/sdb1']);
});

test('a fixed drive, and a removable one that the system runs from, are never touched', async () => {
  const machine = machineWith('refuse');
  const root = { name: '/dev/mmcblk0p2', type: 'part', size: 1, mountpoint: '/' };
  machine.plugged([
    stickAt('/dev/sda', { rm: false, hotplug: false }),
    stickAt('/dev/mmcblk0', { children: [root] }),
    stickAt('/dev/sdc', { size: 0 }),
  ]);
  await machine.meeter.look();
  assert.deepEqual([machine.set(), machine.told], [[], []]);
});

test('encrypt before writing: writable only where each volume opens with a key in custody', async () => {
  const machine = machineWith('encrypt-before-writing');
  machine.plugged([stickAt('/dev/sdb', PARTED)]);
  await machine.meeter.look();
  assert.deepEqual(machine.set(), ['--setro /dev/sdb /dev/sdb1', '--setrw /dev/sdb /dev/sdb1']);
  assert.deepEqual(machine.told, []);
  const cases = [
    ['drive-not-luks', 'not encrypted', { name: 'encrypt-plugged', details: { path: '/dev/sdb' } }],
    // The command that is named must not be one that destroys what is encrypted already.
    ['drive-no-token', 'not in custody', { name: 'adopt-plugged', details: { path: '/dev/sdb1' } }],
    ['server-unreachable', 'unproved', undefined],
  ] as const;
  for (const [code, done, step] of cases) {
    const other = machineWith('encrypt-before-writing');
    other.unproved = { '/dev/sdb1': code };
    other.plugged([stickAt('/dev/sdb', PARTED)]);
    await other.meeter.look();
    assert.deepEqual(other.set(), ['--setro /dev/sdb /dev/sdb1'], code);
    assert.equal(other.noted[0]!.outcome.done, done);
    assert.deepEqual(other.told[0]!.step, step);
  }
});

test('refused: its USB device is switched off, another disk is let go of, and else it is read-only', async () => {
  for (const [bus, done, wrote] of [
    ['usb', 'shut out', '0'],
    ['scsi', 'shut out', '1'],
    ['neither', 'only read-only', undefined],
  ] as const) {
    const machine = machineWith('refuse');
    const control = machine.inKernel('sdb', bus);
    machine.plugged([stickAt('/dev/sdb')]);
    await machine.meeter.look();
    assert.equal(machine.noted[0]!.outcome.done, done, bus);
    if (wrote !== undefined) assert.equal(readFileSync(control, 'utf8')[0], wrote, bus);
    assert.equal(machine.set()[0], '--setro /dev/sdb', bus);
  }
  const machine = machineWith('refuse');
  const control = machine.inKernel('sdb', 'usb');
  const mounted = { name: '/dev/sdb1', type: 'part', size: 1, mountpoint: '/media/kari' };
  machine.plugged([stickAt('/dev/sdb', { children: [mounted] })]);
  await machine.meeter.look();
  assert.equal(machine.noted[0]!.outcome.done, 'in use');
  assert.equal(readFileSync(control, 'utf8'), '1\n', 'what was not written yet would be lost');
});

test('two sticks that say the same of themselves are each held to the rule', async () => {
  const machine = machineWith('read-only');
  machine.plugged([stickAt('/dev/sdb'), stickAt('/dev/sdc')]);
  await machine.meeter.look();
  assert.deepEqual(machine.set(), ['--setro /dev/sdb', '--setro /dev/sdc']);
});

test('an exception by serial number counts before one by model', async () => {
  const machine = machineWith('leave', [
    { model: 'Blue stick', rule: 'refuse' },
    { serial: 'S1', rule: 'read-only' },
  ]);
  machine.plugged([stickAt('/dev/sdb')]);
  await machine.meeter.look();
  assert.equal(machine.noted[0]!.rule, 'read-only');
});

test('what a person changes on a stick stays until it is plugged in again; another rule counts at once', async () => {
  const machine = machineWith('encrypt-before-writing');
  machine.unproved = { '/dev/sdb': 'drive-not-luks' };
  machine.plugged([stickAt('/dev/sdb')]);
  await machine.meeter.look();
  machine.set();
  await machine.meeter.look();
  assert.deepEqual(machine.set(), [], 'the command that encrypts it would meet a read-only stick');
  machine.plugged([]);
  await machine.meeter.look();
  machine.plugged([stickAt('/dev/sdb')]);
  await machine.meeter.look();
  assert.deepEqual(machine.set(), ['--setro /dev/sdb']);
  machine.settings = POLICY_DEFAULTS;
  await machine.meeter.look();
  assert.deepEqual(machine.set(), ['--setrw /dev/sdb']);
});

test('a loose contact: the rule counts each time, and the person is told three times in ten minutes', async () => {
  const machine = machineWith('read-only');
  const comeAndGo = async (): Promise<void> => {
    machine.plugged([stickAt('/dev/sdb')]);
    await machine.meeter.look();
    machine.plugged([]);
    await machine.meeter.look();
  };
  for (let times = 0; times < 10; times += 1) await comeAndGo();
  assert.equal(machine.set().length, 10);
  assert.equal(machine.told.length, 3);
  machine.now += 10 * 60_000;
  await comeAndGo();
  assert.equal(machine.told.length, 4);
});
