/**
 * A device that goes on with its day while others mean harm: it hands over keys and asks for them. Its calls fall due by
 * the clock and not by the last answer, and each is counted from when it was due: a server that stands still is seen by
 * all the calls that would have come meanwhile.
 */
import { codeOf, KeystairError } from '#domain/errors.ts';
import type { PeopleClient } from '#transport/people/people-client.ts';
import { type HeldKey, joinDevice, type PlayedDevice } from '#test/crashes/played-device.ts';

const EVERY_MS = 20;
/** Every so many calls one is a new key; the others ask for one that is there. */
const CALLS_A_KEY = 5;

interface Counted {
  /** Milliseconds, ascending. */
  readonly latencies: readonly number[];
  /** A sentence each. */
  readonly failures: readonly string[];
}

export interface HonestDevice {
  /** What was counted since the last time. */
  counted(): Promise<Counted>;
  /** Resolves when nothing is under way. */
  pause(): Promise<void>;
  goOn(): void;
  /** Every key that was acknowledged comes back, or it throws. */
  asksForAll(): Promise<void>;
  end(): void;
}

export async function beginHonestDevice(server: { readonly call: PeopleClient }): Promise<HonestDevice> {
  const device = await joinDevice(server);
  const keys: HeldKey[] = [];
  let latencies: number[] = [];
  let failures: string[] = [];
  const underWay = new Set<Promise<void>>();
  let number = 0;
  let paused = false;
  await handOver(device, keys);

  const timer = setInterval(() => {
    if (paused) return;
    number += 1;
    const due = performance.now();
    const call = number % CALLS_A_KEY === 0 ? handOver(device, keys) : askFor(device, keys);
    const over = call
      .then(() => void latencies.push(performance.now() - due))
      .catch((error: unknown) => {
        latencies.push(performance.now() - due);
        // Not in its time: that is judged by how long it took, and by what runs afterwards.
        if (codeOf(error) === 'server-unreachable') return;
        failures.push(error instanceof KeystairError ? `${error.code}: ${error.sentence}` : String(error));
      })
      .finally(() => underWay.delete(over));
    underWay.add(over);
  }, EVERY_MS);

  return {
    async counted() {
      await Promise.all(underWay);
      const told = { latencies: latencies.toSorted((a, b) => a - b), failures };
      latencies = [];
      failures = [];
      return told;
    },
    async pause() {
      paused = true;
      await Promise.all(underWay);
    },
    goOn() {
      paused = false;
    },
    async asksForAll() {
      for (const { id, claim } of keys) {
        const { outcome } = await device.calls.call('deviceLookup', { id, claim });
        if (outcome !== 'found') throw new Error(`key ${id} was acknowledged and is not given back`);
      }
    },
    end() {
      clearInterval(timer);
      device.close();
    },
  };
}

async function handOver(device: PlayedDevice, keys: HeldKey[]): Promise<void> {
  const key = device.makeKey();
  await device.handOver(key);
  keys.push(key);
}

async function askFor(device: PlayedDevice, keys: readonly HeldKey[]): Promise<void> {
  const { id, claim } = keys[Math.floor(Math.random() * keys.length)]!;
  const { outcome } = await device.calls.call('deviceLookup', { id, claim });
  if (outcome !== 'found') throw new Error(`key ${id} is there and was not given`);
}
