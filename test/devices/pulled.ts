/**
 * A drive is pulled out, or the agent killed, between two writes of what it does to the drive. The stick is so slow that
 * it is known between which; what must hold afterwards holds at each of them.
 */
import assert from 'node:assert/strict';
import type { Claim } from './claim.ts';
import { adopting, plugOwn, readLetter, requirePassword } from './drive-work.ts';
import type { Device } from './office.ts';
import type { Stick } from './stick.ts';

type Stop = 'pull' | 'kill';

/**
 * The writes after which each is stopped, one after another. How many there are is cryptsetup's own and the kernel's, and
 * a command that goes on has fewer left.
 */
const ADOPTING = [1, 3];
const ROTATING = { pull: [2, 3], kill: [2] };
const FORMATTING = 3;

/**
 * Runs the command on a slow stick until that many writes reached it, and stops it. The stick is plugged in afterwards,
 * as fast as any.
 *
 * @returns whether it was stopped; else it was done.
 */
async function stopAfter(
  writes: number,
  stop: Stop,
  {
    device,
    stick,
    args,
  }: { readonly device: Device; readonly stick: Stick; readonly args: readonly string[] },
): Promise<boolean> {
  await stick.pull();
  await stick.plug(device.machine, { slow: true });
  const command = device.begin(args);
  await stick.written(writes, command.ended);
  if (stop === 'kill') await command.kill();
  await stick.pull();
  const { status } = await command.ended;
  await stick.plug(device.machine);
  return status !== 0;
}

export const pulledWhileFormatting: Claim = {
  name: 'pulled-while-formatting',
  proves: ['pulled out while it was formatted, a stick is no volume, says so, and is formatted again'],
  async show({ oslo, stick }) {
    const torn = stick('TORN');
    await torn.plug(oslo.machine);
    const args = ['format-drive', torn.path];
    assert.ok(
      await stopAfter(FORMATTING, 'pull', { device: oslo, stick: torn, args }),
      'it was done at once',
    );
    await oslo.refused(['open-drive', torn.path, '--test'], 'drive-not-luks');
    await oslo.done(['format-drive', torn.path, '--erase']);
    await oslo.done(['open-drive', torn.path, '--test']);
    await torn.pull();
  },
};

export const pulledWhileAdopting: Claim = {
  name: 'pulled-while-adopting',
  proves: [
    'pulled out while it was taken into custody, a volume still opens with the password of before, and the same command finishes',
  ],
  async show({ lyon, stick }) {
    const old = stick('OLDER');
    await plugOwn(lyon, old);
    const args = adopting(old);
    const stopped: boolean[] = [];
    for (const writes of ADOPTING) {
      stopped.push(await stopAfter(writes, 'pull', { device: lyon, stick: old, args }));
      await requirePassword(lyon, old);
    }
    assert.ok(stopped[0], 'it was done at once');
    await lyon.done(args);
    await readLetter(lyon, old);
    await old.pull();
  },
};

async function stoppedWhileRotating(stop: Stop, device: Device, stick: Stick): Promise<void> {
  await plugOwn(device, stick);
  await device.done(adopting(stick));
  const stopped: boolean[] = [];
  for (const writes of ROTATING[stop]) {
    stopped.push(await stopAfter(writes, stop, { device, stick, args: ['rotate', stick.path] }));
    // A key in custody opens it: the agent asks the server for what it has not.
    await device.done(['open-drive', stick.path, '--test']);
  }
  assert.ok(stopped[0], 'it was done at once');
  await device.done(['rotate', stick.path]);
  await readLetter(device, stick);
  await stick.pull();
}

export const pulledWhileRotating: Claim = {
  name: 'pulled-while-rotating',
  proves: [
    'pulled out while its key was replaced, a stick opens with a key in custody, and the same command finishes',
  ],
  show: ({ lyon, stick }) => stoppedWhileRotating('pull', lyon, stick('TURNED')),
};

export const killedWhileRotating: Claim = {
  name: 'killed-while-rotating',
  proves: [
    'where the agent is killed while it replaces a key, the stick opens with a key in custody, and the same command finishes',
  ],
  show: ({ lyon, stick }) => stoppedWhileRotating('kill', lyon, stick('KILLED')),
};
