/**
 * A stick: an image file that is plugged into a machine as a USB drive and pulled out, also in the middle of a write.
 * It lies as still as a real one between two machines.
 */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';

/** How often a slow stick is asked what was written to it. */
const LOOK_MS = 20;
/**
 * So slow that it is known between which two writes a stick was pulled, also where this machine has much else to do and
 * looks only every few seconds.
 */
const SLOW_WRITES_PER_SECOND = 1;

export class Stick {
  readonly serial: string;
  readonly image: string;
  #machine: Machine | undefined;
  #plugs = 0;

  /** A new one, empty. @param image where its content lies. */
  constructor(image: string, serial: string, mib: number) {
    this.image = image;
    this.serial = serial;
    const file = openSync(image, 'w', 0o600);
    ftruncateSync(file, mib * 1024 * 1024);
    closeSync(file);
  }

  /** Its path in the machine, whichever letter it got. */
  get path(): string {
    return `/dev/disk/by-id/usb-QEMU_QEMU_HARDDISK_${this.serial}-0:0`;
  }

  get #id(): string {
    return `${this.serial}-${this.#plugs}`;
  }

  /** Resolves when the machine's system has met it, unless it may be gone again by then. */
  async plug(
    machine: Machine,
    { slow = false, wait = true }: { readonly slow?: boolean; readonly wait?: boolean } = {},
  ): Promise<void> {
    this.#plugs += 1;
    this.#machine = machine;
    const id = this.#id;
    await machine.ask('object-add', {
      'qom-type': 'throttle-group',
      id: `${id}-pace`,
      limits: slow ? { 'iops-write': SLOW_WRITES_PER_SECOND } : {},
    });
    await machine.ask('blockdev-add', {
      driver: 'throttle',
      'throttle-group': `${id}-pace`,
      'node-name': id,
      file: { driver: 'file', filename: this.image },
    });
    await machine.ask('device_add', {
      driver: 'usb-storage',
      bus: 'usb.0',
      id: `usb-${id}`,
      drive: id,
      serial: this.serial,
      removable: true,
    });
    if (wait) await machine.must(`until [ -b ${this.path} ]; do sleep 0.05; done; udevadm settle`);
  }

  /** As a hand does it: the machine is not asked. */
  async pull(): Promise<void> {
    const machine = this.#machine!;
    const id = this.#id;
    const left = machine.left(`usb-${id}`);
    // A machine that runs on hands a drive that is going the next write, and the next, and so keeps it.
    await machine.ask('stop');
    await machine.ask('device_del', { id: `usb-${id}` });
    await left;
    await machine.ask('cont');
    await machine.ask('blockdev-del', { 'node-name': id });
    await machine.ask('object-del', { id: `${id}-pace` });
    await machine.must(`while [ -e ${this.path} ]; do sleep 0.05; done; udevadm settle`);
    this.#machine = undefined;
  }

  /** Writes that reached it since it was plugged in. */
  async writes(): Promise<number> {
    const answer = await this.#machine!.ask('query-blockstats');
    const all = answer['return'] as { qdev?: string; stats: { wr_operations: number } }[];
    return all.find(({ qdev }) => qdev?.includes(`usb-${this.#id}`))?.stats.wr_operations ?? 0;
  }

  /** Resolves after that many writes, or when `ended` does. */
  async written(count: number, ended: Promise<unknown>): Promise<void> {
    let over = false;
    const noteOver = (): void => {
      over = true;
    };
    ended.then(noteOver, noteOver);
    for (;;) {
      if ((await this.writes()) >= count || over) return;
      await sleep(LOOK_MS);
    }
  }
}
