/** Lines and neighbours that are slow, or stop in the middle. */
import assert from 'node:assert/strict';
import { eventually } from '#test/support/eventually.ts';
import { explainNamesTheLine, leafStaysConnected, statusShowsUnreachable } from './looks.ts';
import type { NetworkTree } from './network-tree.ts';
import { CLEAR } from './relay.ts';
import type { Scenario } from './scenario.ts';

const EVERYWHERE = ['Root', 'Middle', 'Leaf'] as const;
/** As a modem of long ago: a handshake takes two seconds, a key is on its way for half of one. */
const TRICKLE_BYTES_A_SECOND = 4000;
/** A satellite is a quarter of it. */
const DELAY_MS = 1000;
/** Of material, at its limit: a batch of them is 8 MiB, which no buffer between the two swallows. */
const LARGE_BYTES = 4096;
const LARGE_KEYS = 400;

/** A key that only the root has, asked for at the leaf over the slow line. */
async function comesDown({ work }: NetworkTree): Promise<void> {
  const { id, claim } = await work.Root.once();
  const { outcome } = await work.Leaf.device.calls.call('deviceLookup', { id, claim });
  assert.equal(outcome, 'found');
}

/** The key recorded now stands at the root, sooner or later. */
async function climbs({ middle, work }: NetworkTree): Promise<void> {
  await work.Middle.once();
  const { headSeq } = await middle.call('serverStatus', {});
  await eventually('the key has climbed', async () => (await middle.primary()).acknowledgedSeq >= headSeq);
}

/** Meanwhile the middle answers its own secondary, so many times. */
async function middleIsHeard({ leaf }: NetworkTree, times: number): Promise<void> {
  for (let heard = 0; heard < times; heard += 1) {
    const { lastHeartbeatAt } = await leaf.primary();
    await eventually(
      'the leaf has another heartbeat answered',
      async () => (await leaf.primary()).lastHeartbeatAt !== lastHeartbeatAt,
    );
  }
}

const trickle: Scenario = {
  name: 'trickle',
  meets: 'the line to the root lets a few thousand bytes a second through',
  works: EVERYWHERE,
  async disturb(tree) {
    tree.root.relay.weather = { ...CLEAR, refuse: true };
    tree.root.relay.weather = { ...CLEAR, bytesASecond: TRICKLE_BYTES_A_SECOND };
    const { connections } = tree.root.relay;
    await eventually('the middle dials over the slow line', () => tree.root.relay.connections > connections);
    await climbs(tree);
    await leafStaysConnected(tree);
  },
};

const delay: Scenario = {
  name: 'delay',
  meets: 'every byte between root and middle is a second on its way',
  works: EVERYWHERE,
  async disturb(tree) {
    tree.root.relay.weather = { ...CLEAR, refuse: true };
    tree.root.relay.weather = { ...CLEAR, delayMs: DELAY_MS };
    await climbs(tree);
    await comesDown(tree);
    await leafStaysConnected(tree);
    assert.equal((await tree.middle.primary()).state, 'connected');
  },
};

const stopsReading: Scenario = {
  name: 'stops-reading',
  meets: 'the primary stops reading in the middle of a transmission of large keys, and goes on later',
  works: EVERYWHERE,
  async disturb(tree) {
    const { root, middle, work } = tree;
    const before = (await middle.primary()).acknowledgedSeq;
    root.relay.weather = { ...CLEAR, refuse: true };
    await statusShowsUnreachable(middle);
    for (let key = 0; key < LARGE_KEYS; key += 1) await work.Middle.once(LARGE_BYTES);
    const { bytesUp } = root.relay;
    root.relay.weather = CLEAR;
    await eventually('it transmits', () => root.relay.bytesUp > bytesUp + 500_000);
    root.relay.weather = { ...CLEAR, up: 'hold' };
    await middleIsHeard(tree, 3);
    const { acknowledgedSeq } = await middle.primary();
    assert.ok(
      acknowledgedSeq >= before && acknowledgedSeq <= (await middle.call('serverStatus', {})).headSeq,
    );
  },
};

const frozen: Scenario = {
  name: 'frozen',
  meets: 'the root hangs: its port takes connections and nothing ever answers',
  works: ['Middle', 'Leaf'],
  async disturb(tree) {
    const brokenAt = new Date();
    const { process } = tree.root.running;
    process.kill('SIGSTOP');
    try {
      await statusShowsUnreachable(tree.middle);
      await explainNamesTheLine(tree, brokenAt);
      await leafStaysConnected(tree);
    } finally {
      process.kill('SIGCONT');
    }
  },
};

export const SLOW_LINES: readonly Scenario[] = [trickle, delay, stopsReading, frozen];
