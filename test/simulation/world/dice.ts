/**
 * The one source of chance in a simulation: xoshiro128** (Blackman and Vigna, 2018), one stream for each purpose, so
 * that a step that is taken away does not change what the others draw.
 */
import { hash } from 'node:crypto';

export interface Dice {
  /** A whole number from 0 to `end` - 1. */
  below(end: number): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  bytes(count: number): Uint8Array;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

export function createDice(seed: number, purpose: string): Dice {
  const start = hash('sha256', `${seed} ${purpose}`, 'buffer');
  let a = start.readInt32LE(0);
  let b = start.readInt32LE(4);
  let c = start.readInt32LE(8);
  // Never all zero, which the generator would stay at.
  let d = start.readInt32LE(12) | 1;

  const next = (): number => {
    const drawn = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return drawn;
  };
  const below = (end: number): number => Math.floor((next() / 2 ** 32) * end);

  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (list) => list[below(list.length)]!,
    bytes(count) {
      const bytes = Buffer.alloc(count);
      for (let at = 0; at < count; at += 4) {
        const word = next();
        for (let part = 0; part < 4 && at + part < count; part += 1)
          bytes[at + part] = (word >>> (8 * part)) & 0xff;
      }
      return bytes;
    },
  };
}
