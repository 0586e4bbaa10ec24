/** Lines that break: told or in silence, for good or again and again, in the middle of this or that. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { SHOWN } from '#test/sentences/shown.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  explainNamesTheLine,
  leafStaysConnected,
  lookupNamesTheLine,
  statusShowsUnreachable,
} from './looks.ts';
import { HEARTBEAT_MS } from './network-tree.ts';
import { CLEAR } from './relay.ts';
import type { Scenario } from './scenario.ts';

const EVERYWHERE = ['Root', 'Middle', 'Leaf'] as const;

const partition: Scenario = {
  name: 'partition',
  meets: 'nothing passes between root and middle, and nobody is told, while the leaf goes on asking',
  works: EVERYWHERE,
  async disturb(tree) {
    const brokenAt = new Date();
    tree.root.relay.weather = { ...CLEAR, up: 'hold', down: 'hold' };
    // Before anybody has noticed: whoever asks now must not blame another line.
    await Promise.all([explainNamesTheLine(tree, brokenAt), lookupNamesTheLine(tree)]);
    await leafStaysConnected(tree);
    await statusShowsUnreachable(tree.middle);
    await explainNamesTheLine(tree, brokenAt);
    await lookupNamesTheLine(tree);
    await leafStaysConnected(tree);
  },
};

const halfOpen: Scenario = {
  name: 'half-open',
  meets:
    'the primary vanishes without a word in the middle of kept connections, and comes back with new ones',
  works: EVERYWHERE,
  async disturb({ root, middle }) {
    root.relay.weather = { ...CLEAR, up: 'lose', down: 'lose' };
    await statusShowsUnreachable(middle);
  },
};

const lostAnswers: Scenario = {
  name: 'lost-answers',
  meets: 'what the secondary sends arrives and is stored, and no answer ever comes back',
  works: EVERYWHERE,
  async disturb({ root, middle }) {
    root.relay.weather = { ...CLEAR, down: 'lose' };
    await statusShowsUnreachable(middle);
  },
};

const lostConnections: Scenario = {
  name: 'lost-connections',
  meets: 'connections are reset at any byte, in handshakes, calls and transmissions alike',
  works: EVERYWHERE,
  async disturb({ root, middle, work }, dice) {
    const resetAfter = (): number => dice.below(dice.chance(0.5) ? 12_000 : 120_000);
    root.relay.weather = { ...CLEAR, resetAfter };
    // One that stood before is never reset by itself.
    root.relay.weather = { ...CLEAR, refuse: true };
    root.relay.weather = { ...CLEAR, resetAfter };
    const { connections } = root.relay;
    await eventually('many connections were lost', () => root.relay.connections > connections + 8);
    const { lastHeartbeatAt, acknowledgedSeq } = await middle.primary();
    assert.ok(lastHeartbeatAt !== null && acknowledgedSeq > 0);
    assert.ok(work.Middle.keys.length > 1);
  },
};

const flapping: Scenario = {
  name: 'flapping',
  meets: 'the line goes and comes several times in a heartbeat, refusing while it is down',
  works: EVERYWHERE,
  async disturb({ root, middle }, dice) {
    for (let flaps = 0; flaps < 20; flaps += 1) {
      root.relay.weather = { ...CLEAR, refuse: true };
      await sleep(dice.between(50, HEARTBEAT_MS / 2));
      root.relay.weather = CLEAR;
      await sleep(dice.between(50, HEARTBEAT_MS / 2));
    }
    root.relay.weather = { ...CLEAR, refuse: true };
    const { problem } = await statusShowsUnreachable(middle);
    assert.match(problem!, SHOWN.connectionEnded);
  },
};

const cutHandshakes: Scenario = {
  name: 'cut-handshakes',
  meets: 'a box on the way lets connections begin and cuts every TLS handshake in its middle',
  works: EVERYWHERE,
  async disturb(tree, dice) {
    const brokenAt = new Date();
    // Between the first byte of the ClientHello and the last of the server's certificate.
    const resetAfter = (): number => dice.between(1, 3000);
    tree.root.relay.weather = { ...CLEAR, refuse: true };
    tree.root.relay.weather = { ...CLEAR, resetAfter };
    const { problem } = await statusShowsUnreachable(tree.middle);
    assert.match(problem!, SHOWN.connectionClosed);
    await explainNamesTheLine(tree, brokenAt);
    await lookupNamesTheLine(tree);
    await leafStaysConnected(tree);
  },
};

export const BROKEN_LINES: readonly Scenario[] = [
  partition,
  halfOpen,
  lostAnswers,
  lostConnections,
  flapping,
  cutHandshakes,
];
