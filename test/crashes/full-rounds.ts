/**
 * A server whose disk runs full, at one amount of free space after the other. At each: new keys are refused clearly,
 * keys that are there are given out, a start succeeds; and when space returns, new keys are taken again by themselves.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { createDice } from '#test/simulation/world/dice.ts';
import { CrashServer } from './crash-server.ts';
import { openDiskImage } from './disk-image.ts';
import { Journal } from './journal.ts';
import { type HeldKey, joinDevice, type PlayedDevice } from './played-device.ts';
import { mayGoOn, type Report, type RunOptions } from './run-options.ts';
import { shuffled } from './shuffled.ts';
import { within } from './within.ts';
import type { Workplace } from './workplace.ts';

const STEP_BYTES = 64 * 1024;
export const STEPS = 32;
/** Room for the reserve of 32 MiB, for the log, and for what all rounds record. */
const DISK_BYTES = 160 * 1024 * 1024;
const MATERIAL_BYTES = 4000;
const AT_ONCE = 8;
/** Two MiB hold a few hundred such keys, and the log can be used again after each checkpoint. */
const ATTEMPTS_MAX = 5000;
const LOOKUPS = 5;

interface FullDisk {
  readonly server: CrashServer;
  readonly device: PlayedDevice;
  readonly journal: Journal;
  readonly kept: HeldKey[];
}

/** Leaves so many bytes free. @returns the path of what takes the rest. */
async function fillBut(path: string, bytes: number): Promise<string> {
  const ballast = join(path, 'ballast');
  const file = openSync(ballast, 'w');
  // Blocks that say where a large file's blocks are take space too: what is left is looked at again.
  for (let length = 0; ; ) {
    const { bavail, bsize } = await statfs(path);
    const more = bavail * bsize - bytes;
    if (more < bsize) break;
    const { status } = spawnSync('fallocate', ['--offset', `${length}`, '--length', `${more}`, ballast]);
    if (status !== 0) break;
    length += more;
  }
  fsyncSync(file);
  closeSync(file);
  return ballast;
}

async function handOver({ server, device, journal, kept }: FullDisk): Promise<unknown> {
  const key = device.makeKey(MATERIAL_BYTES);
  try {
    await device.handOver(key);
  } catch (error) {
    return error;
  }
  journal.acknowledged(server.name, key.id);
  kept.push(key);
  return undefined;
}

/** @returns the first refusal. */
async function fillUp(disk: FullDisk): Promise<unknown> {
  for (let tried = 0; tried < ATTEMPTS_MAX; tried += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => handOver(disk)));
    const refusal = answers.find((answer) => answer !== undefined);
    if (refusal !== undefined) return refusal;
  }
  throw new Error('the disk never ran full');
}

function refusedClearly(refusal: unknown): void {
  assert.ok(refusal instanceof KeystairError, String(refusal));
  assert.equal(refusal.code, 'disk-full', refusal.sentence);
  assert.match(refusal.sentence, REFUSED['disk-full'].keysStillGivenOut);
}

async function givesOut({ device, server, kept }: FullDisk, some: readonly HeldKey[]): Promise<void> {
  for (const key of some) {
    const answer = await device.calls.call('deviceLookup', { id: key.id, claim: key.claim });
    assert.equal(answer.outcome, 'found', `on a full disk key ${key.id} is not given out`);
    assert.deepEqual(answer.outcome === 'found' && answer.complete, key.wire);
  }
  assert.ok((await server.call('serverStatus', {})).keys >= kept.length);
}

/** A server that has taken keys while there was space. */
async function firstKeys(server: CrashServer, journal: Journal): Promise<FullDisk> {
  await server.start();
  const disk: FullDisk = { server, device: await joinDevice(server), journal, kept: [] };
  for (let n = 0; n < LOOKUPS; n += 1) assert.equal(await handOver(disk), undefined);
  return disk;
}

export async function runFullRounds(workplace: Workplace, options: RunOptions): Promise<Report> {
  const dice = createDice(options.seed, 'full');
  const place = openDiskImage(workplace, 'full', { bytes: DISK_BYTES });
  const server = new CrashServer(workplace, 'Full', place);
  const journal = new Journal(join(workplace.makeFolder('journal'), 'journal'));
  const disk = await within(workplace, 'setting up', () => firstKeys(server, journal));
  const figures = { restarts: 0, acknowledged: 0 };
  let rounds = 0;

  const runRound = async (freeBytes: number): Promise<void> => {
    journal.note(`${freeBytes / 1024} KiB are free`);
    const ballast = await fillBut(place.path, freeBytes);
    const some = Array.from({ length: LOOKUPS }, () => dice.pick(disk.kept));
    refusedClearly(await fillUp(disk));
    await givesOut(disk, some);
    refusedClearly(await handOver(disk));
    if (dice.chance(0.5)) {
      figures.restarts += 1;
      // Stopped, killed, or without power: it starts on a full disk.
      const how = dice.pick(['stop', 'kill', 'cut']);
      journal.note(how);
      await (how === 'stop' ? server.stop() : server.kill());
      if (how === 'cut') await place.cut();
      await server.start();
      await givesOut(disk, some);
    }
    rmSync(ballast);
    assert.equal(await handOver(disk), undefined, 'space is back, and a key is refused still');
    await server.look();
    const lost = disk.kept.filter(({ id }) => !server.has(id));
    assert.deepEqual(lost, [], `${lost.length} keys are lost that were acknowledged`);
  };

  // A run that ends early meets other points than the next.
  let steps: number[] = [];
  while (mayGoOn(options, rounds)) {
    if (steps.length === 0) steps = shuffled([...Array(STEPS).keys()], dice);
    const freeBytes = steps.pop()! * STEP_BYTES;
    rounds += 1;
    await options.time.round(() =>
      within(workplace, `${freeBytes / 1024} KiB are free`, () => runRound(freeBytes)),
    );
  }
  figures.acknowledged = disk.kept.length;
  await within(workplace, 'coming to rest', async () => {
    await server.look({ whole: true });
    await server.verify();
    await server.stop();
  });
  disk.device.close();
  journal.close();
  place.close();
  return { rounds, figures };
}
