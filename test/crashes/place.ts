/**
 * Where a server or a device has its data. `cut` is what happens to it when the machine dies while nobody writes any
 * more: nothing in a plain folder, since the kernel keeps what it was given; on a disk of its own, loss of all that was
 * not brought to the disk.
 */
import type { Dice } from '#test/simulation/world/dice.ts';
import { openDiskImage } from './disk-image.ts';
import type { Workplace } from './workplace.ts';

export interface Place {
  readonly path: string;
  cut(): Promise<void>;
  close(): void;
}

export type PlaceMaker = (name: string, dice: Dice) => Place;

export function foldersIn(workplace: Workplace): PlaceMaker {
  return (name) => ({ path: workplace.makeFolder(name), cut: async () => undefined, close: () => undefined });
}

/** A primary takes transmissions only where 256 MiB are free; the image is sparse. */
const IMAGE_BYTES = 400 * 1024 * 1024;

export function disksIn(workplace: Workplace): PlaceMaker {
  return (name, dice) =>
    openDiskImage(workplace, name, {
      bytes: IMAGE_BYTES,
      // How soon the kernel brings by itself to the disk what nobody asked it to, and in which order.
      mountOptions: [`commit=${dice.pick([1, 5, 300])}`, dice.pick(['data=ordered', 'data=writeback'])],
    });
}
