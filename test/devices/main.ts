/**
 * Drives on a real kernel: two machines, made by qemu, with an agent each, at two branches of an organisation whose
 * servers run here. Sticks are formatted, opened, mounted, carried from one to the other, and pulled out at the worst
 * moment. Prints in plain sentences what it has shown.
 *
 *   npm run devices -- [--only NAME] [--kernel FOLDER] [--keep]
 *
 * The kernel is Debian's, unpacked into FOLDER by `test/devices/unpack-kernel`, which is done here unless it was.
 * `--keep` leaves the folder with what everybody logged. Exit code 1 where something was not so.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missingPackages } from '../support/missing-packages.ts';
import { oneOf, readingArguments, textsOf } from '../support/tool-options.ts';
import type { Claim } from './claim.ts';
import { openOffice } from './office.ts';
import {
  killedWhileRotating,
  pulledWhileAdopting,
  pulledWhileFormatting,
  pulledWhileRotating,
} from './pulled.ts';
import { removable } from './removable.ts';
import { adopt, travel } from './travel.ts';

/** One after another at both machines, and then side by side, since each needs only one. */
const TOGETHER: readonly Claim[] = [travel];
const AT_OSLO: readonly Claim[] = [adopt, pulledWhileFormatting, removable];
const AT_LYON: readonly Claim[] = [pulledWhileAdopting, pulledWhileRotating, killedWhileRotating];
const CLAIMS: readonly Claim[] = [...TOGETHER, ...AT_OSLO, ...AT_LYON];
/** What it takes, and the package of Debian's that brings it. */
const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  depmod: 'kmod',
  udevadm: 'udev',
  cryptsetup: 'cryptsetup-bin',
  'mkfs.ext4': 'e2fsprogs',
  'apt-get': 'apt',
} as const;

const { only, kernel, keep } = readingArguments(() => {
  const values = textsOf({
    only: { type: 'string' },
    kernel: { type: 'string' },
    keep: { type: 'boolean', default: false },
  });
  const names = CLAIMS.map(({ name }) => name);
  return { only: oneOf(values, 'only', names), kernel: values.kernel, keep: values.keep };
});
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const begun = performance.now();
const seconds = (): string => `${((performance.now() - begun) / 1000).toFixed(0)} s`;

const missing = missingPackages(PROGRAMS);
const because =
  missing.length > 0
    ? `this machine lacks ${missing.join(', ')} (\`apt-get install ${missing.join(' ')}\`)`
    : process.arch !== 'x64'
      ? 'the machines that are made here have an x86-64 processor, and run the Node of this one'
      : undefined;
if (because !== undefined) {
  say(`skipped: ${because}`);
  process.exit(process.env['CI'] === undefined ? 0 : 1);
}

const folder = mkdtempSync(join(tmpdir(), 'keystair-devices-'));
const ends: (() => unknown)[] = [];
process.once('exit', () => {
  for (const end of ends) end();
  if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
});
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

async function kernelFolder(): Promise<string> {
  if (kernel !== undefined) return kernel;
  const unpacked = join(folder, 'kernel');
  await promisify(execFile)(join(import.meta.dirname, 'unpack-kernel'), [unpacked]);
  say(`Debian's kernel is unpacked. [${seconds()}]`);
  return unpacked;
}

const office = await openOffice(await kernelFolder(), folder, (end) => ends.push(end));
say(`Three servers run, and two machines of their own with a device each. [${seconds()}]`);

/** One after another. */
async function showAll(claims: readonly Claim[]): Promise<void> {
  for (const claim of claims.filter(({ name }) => only === undefined || name === only)) {
    try {
      await claim.show(office);
    } catch (error) {
      say(`${claim.name} FAILED [${seconds()}]: ${(error as Error).stack}`);
      for (const { machine } of [office.oslo, office.lyon]) say(`${machine.name} said last:\n${machine.log}`);
      process.exit(1);
    }
    for (const sentence of claim.proves) say(`- ${sentence} [${seconds()}]`);
  }
}

await showAll(TOGETHER);
await Promise.all([showAll(AT_OSLO), showAll(AT_LYON)]);
say(`All of it took ${seconds()}.`);
process.exit();
