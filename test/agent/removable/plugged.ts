/** A machine into which a test plugs sticks: its tools are stand-ins that note what they are told. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { KeystairError } from '#domain/errors.ts';
import { POLICY_DEFAULTS, type PolicySettings } from '#domain/policy/settings.ts';
import { DiskMeeter, type MetDisk } from '#agent/removable/meet-disks.ts';
import type { Notice } from '#domain/step.ts';
import { MIB, path, standIn } from '../drives/images.ts';

export function stickAt(name: string, more: object = {}): object {
  return { name, type: 'disk', size: 32 * MIB, serial: 'S1', model: 'Blue stick', rm: true, ...more };
}

export class PluggedMachine {
  readonly meeter: DiskMeeter;
  readonly told: Notice[] = [];
  readonly noted: MetDisk[] = [];
  settings: PolicySettings = POLICY_DEFAULTS;
  now = 0;
  /** By path: the code with which a proof fails; none where the volume opens. */
  unproved: Record<string, 'drive-not-luks' | 'drive-no-token' | 'server-unreachable'> = {};
  readonly #list = path(`list-${Math.random()}`);
  readonly #set = path(`set-${Math.random()}`);
  readonly kernelFolder = path(`sys-${Math.random()}`);

  constructor() {
    this.plugged([]);
    const folders = [
      standIn('lsblk', `exec /bin/cat '${this.#list}'`),
      standIn('blockdev', `echo "$@" >>'${this.#set}'`),
    ];
    this.meeter = new DiskMeeter({
      folders,
      kernelFolder: this.kernelFolder,
      settings: () => this.settings,
      clock: () => this.now,
      note: (met) => void this.noted.push(met),
      tell: async (told) => void this.told.push(told),
      prove: async (at) => {
        const code = this.unproved[at];
        if (code !== undefined) throw new KeystairError(code, `${at} does not`);
      },
    });
  }

  plugged(devices: readonly object[]): void {
    writeFileSync(this.#list, JSON.stringify({ blockdevices: devices }));
  }

  /** What blockdev was told since the last time. */
  set(): readonly string[] {
    if (!existsSync(this.#set)) return [];
    const lines = readFileSync(this.#set, 'utf8').trim();
    writeFileSync(this.#set, '');
    return lines === '' ? [] : lines.split('\n');
  }

  /** @param bus what it hangs on. @returns the file of its switch. */
  inKernel(name: string, bus: 'usb' | 'scsi' | 'neither'): string {
    const usb = `${this.kernelFolder}/devices/usb1/1-1`;
    const disk = `${usb}/1-1:1.0/host0/${name}`;
    mkdirSync(`${disk}/device`, { recursive: true });
    mkdirSync(`${this.kernelFolder}/class/block`, { recursive: true });
    symlinkSync(disk, `${this.kernelFolder}/class/block/${name}`);
    if (bus === 'usb') {
      // An interface can be switched off, too, and would come back.
      writeFileSync(`${usb}/1-1:1.0/authorized`, '1');
      for (const [file, text] of [
        ['idVendor', '46f4'],
        ['authorized', '1'],
      ] as const)
        writeFileSync(`${usb}/${file}`, `${text}\n`);
      return `${usb}/authorized`;
    }
    if (bus === 'scsi') writeFileSync(`${disk}/device/delete`, '');
    return `${disk}/device/delete`;
  }
}
