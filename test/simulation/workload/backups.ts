/** Backups, and the day the machine is lost: what the backup holds goes on in a new directory. */
import { type Backup, onNotRestored, onOldInvitation, RESTORED } from '../checkers/by-hand.ts';
import { MINUTE_MS, type Step, within } from '../step.ts';
import { Device } from '../world/device.ts';
import { inPieces, PASSWORD } from '../world/file-by-hand.ts';
import type { Instance } from '../world/instance.ts';
import { SOUND_DISK } from '../world/store-port.ts';
import type { World } from '../world/world.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { backupWhole } from '#test/support/transfer-calls.ts';

const PAUSE_MS = 30_000;
/** Some more than a restore of a day has, so that it may also be killed after the last. */
const MOMENTS = 40;
/** Two of these are over before peace has settled. */
const NEXT_MS = 45_000;

/** Undefined where the server ended meanwhile. The keys are those that were durable when it began. */
export async function backUp(world: World, server: Instance, step: Step): Promise<Backup> {
  const { invitation } = await server.ask('inviteDevice', {});
  const keys = new Map(server.observed.keys);
  const blocks: Uint8Array[] = [];
  world.trace.tell(server.name, 'its administrator begins a backup');
  await server.call(({ backups }) =>
    backupWhole(backups, ADMINISTRATOR, { password: PASSWORD }, async ({ bytes }) => {
      for await (const block of bytes) {
        blocks.push(block);
        // A slow disk: keys are recorded meanwhile.
        if (step.size % 2 === 0) await world.schedule.wait(within(step.two, 1, PAUSE_MS), 'a slow disk');
      }
    }),
  );
  world.trace.tell(server.name, `a backup is made, with ${keys.size} keys at the least`);
  return { site: server.site, bytes: Buffer.concat(blocks), keys, invitation };
}

/** The machine is gone. First what goes wrong when people are in a hurry, then what they meant. */
export async function restoreFrom(world: World, server: Instance, backup: Backup, step: Step): Promise<void> {
  const { facts } = world.witness;
  const { bytes } = backup;
  const hurried = [
    { what: 'a cut file', file: bytes.subarray(0, step.two % bytes.length), faults: SOUND_DISK },
    { what: 'a full disk', file: bytes, faults: { ...SOUND_DISK, failingWrites: 1 + (step.two % 2) } },
  ][step.size % 4];
  if (hurried !== undefined) {
    world.trace.tell(server.name, `a restore from ${hurried.what} is tried`);
    const came = await server.restore(inPieces(hurried.file), PASSWORD, { ...hurried.faults }).then(
      () => 'restored',
      () => 'refused',
    );
    if (came === 'restored') {
      facts.violate(RESTORED, `${server.name} was restored from ${hurried.what}`, [server.name]);
    }
  }
  if (step.size % 4 === 2) await killRestores(world, server, backup, step);
  await server
    .restore(inPieces(bytes), PASSWORD, { ...SOUND_DISK })
    .catch((error: unknown) => onNotRestored(facts, server, error));
  facts.restoring.set(server, backup);
  server.start();
}

/** Restores die in the middle. Meanwhile somebody tries to start what they left, as a service manager would. */
async function killRestores(world: World, server: Instance, backup: Backup, step: Step): Promise<void> {
  for (let times = within(step.two, 1, 2); times > 0; times -= 1) {
    world.trace.tell(server.name, 'a restore is killed in the middle');
    await server.restore(
      inPieces(backup.bytes),
      PASSWORD,
      { ...SOUND_DISK },
      within(step.two + times, 1, MOMENTS),
    );
    server.start();
    await world.schedule.wait(within(step.two, 1, NEXT_MS), 'the next restore');
    server.crash();
  }
}

/** Somebody finds an invitation from before the restore. */
export async function tryOldInvitation(
  world: World,
  server: Instance,
  backup: Backup,
  restoredAt: number,
): Promise<void> {
  const { facts } = world.witness;
  await world.schedule.wait(2 * MINUTE_MS, 'an old invitation');
  const alone = server.site.instances.every((other) => other === server || other.retired);
  if (!alone || facts.putBackSince(server.site, restoredAt + 1)) return;
  const finder = new Device(world, server.site);
  finder.removed = true;
  world.trace.tell(finder.name, `uses an invitation of ${server.name} from before its restore`);
  await finder.enrol(server.site, backup.invitation);
  if (facts.putBackSince(server.site, restoredAt + 1)) return;
  onOldInvitation(facts, server, finder);
}
