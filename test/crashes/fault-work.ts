/**
 * The work of a server whose calls fail: it starts, takes keys, answers lookups, transmits, and stops. Invariant: every
 * answer is right, or an error that says what is wrong; never other bytes, and never that a key is unknown which is
 * there.
 */
import assert from 'node:assert/strict';
import { KeystairError } from '#domain/errors.ts';
import type { CrashServer } from './crash-server.ts';
import type { Journal } from './journal.ts';
import type { HeldKey, PlayedDevice } from './played-device.ts';

const KEYS = 6;

/** How often each outcome was met: `done`, or the code of an error. */
export type Outcomes = Map<string, number>;

export interface Work {
  readonly server: CrashServer;
  readonly device: PlayedDevice;
  readonly journal: Journal;
  readonly outcomes: Outcomes;
}

/** @returns whether it was done. Anything but an error for people is a defect. */
export async function attempt(outcomes: Outcomes, work: () => Promise<void>): Promise<boolean> {
  let outcome = 'done';
  try {
    await work();
  } catch (error) {
    if (!(error instanceof KeystairError)) throw error;
    assert.notEqual(error.code, 'internal', `an error that says nothing: ${error.sentence}`);
    outcome = error.code;
  }
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  return outcome === 'done';
}

/** Hands over keys, two at a time. @returns those that were acknowledged. */
export async function handOverSome({ server, device, journal, outcomes }: Work): Promise<HeldKey[]> {
  const acknowledged: HeldKey[] = [];
  const some = async (): Promise<void> => {
    for (let made = 0; made < KEYS / 2; made += 1) {
      const key = device.makeKey();
      const done = await attempt(outcomes, async () => {
        await device.handOver(key);
        journal.acknowledged(server.name, key.id);
      });
      if (done) acknowledged.push(key);
    }
  };
  await Promise.all([some(), some()]);
  return acknowledged;
}

/** Asks for a key that is there. */
export async function lookUp(
  { device, outcomes }: Omit<Work, 'server' | 'journal'>,
  key: HeldKey,
): Promise<void> {
  await attempt(outcomes, async () => {
    const answer = await device.calls.call('deviceLookup', { id: key.id, claim: key.claim });
    if (answer.outcome === 'found') {
      assert.deepEqual(answer.complete, key.wire, 'a lookup gave another key');
      return;
    }
    assert.ok(
      answer.reason !== 'unknown-key' && answer.reason !== 'wrong-claim',
      `a key that is there was called ${answer.reason}`,
    );
    throw new KeystairError('key-unavailable', answer.reason);
  });
}
