/** Whoever else is on the network: silent peers by the thousand, and another server where the primary was. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { REFUSED } from '#test/sentences/refused.ts';
import { eventually } from '#test/support/eventually.ts';
import { statusShowsUnreachable } from './looks.ts';
import { NetworkServer } from './network-server.ts';
import { CLEAR } from './relay.ts';
import type { Scenario } from './scenario.ts';

const SILENT_PEERS = 2000;
/** Opened together, so that a listener's queue is not what is tested. */
const OPENED_TOGETHER = 100;
/** What TLS sets up for a handshake, some 55 KiB, with room for what the server would have held anyway. */
const KIB_A_PEER_MAX = 80;
/** The beginning of a TLS record that announces more than ever comes. */
const HALF_A_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

async function openPeers(address: string): Promise<Socket[]> {
  const [host, port] = address.split(':');
  const peers: Socket[] = [];
  while (peers.length < SILENT_PEERS) {
    const some = Array.from({ length: OPENED_TOGETHER }, () => connect({ host: host!, port: Number(port) }));
    for (const peer of some) peer.on('error', () => undefined);
    await Promise.all(some.map((peer) => once(peer, 'connect')));
    peers.push(...some);
  }
  // A third says nothing at all, the others stop in the middle of the first thing that anybody says.
  peers.forEach((peer, at) => at % 3 > 0 && peer.write(HALF_A_HELLO));
  return peers;
}

const silentPeers: Scenario = {
  name: 'silent-peers',
  meets: `${SILENT_PEERS} peers connect to the root and say nothing, or half a word`,
  works: ['Root', 'Middle', 'Leaf'],
  async disturb({ workplace, root, middle, work }) {
    const before = root.memoryMiB();
    const peers = await openPeers(root.running.listen);
    workplace.atTheEnd(() => {
      for (const peer of peers) peer.destroy();
    });
    // A newcomer among them is served, not only those whose connections stand.
    root.relay.weather = { ...CLEAR, refuse: true };
    root.relay.weather = CLEAR;
    const { id, claim } = await work.Root.once();
    const { outcome } = await work.Leaf.device.calls.call('deviceLookup', { id, claim });
    assert.equal(outcome, 'found');
    assert.equal((await middle.primary()).state, 'connected');
    await eventually('the root lets every one of them go', () =>
      peers.every((peer) => peer.destroyed || peer.readableEnded),
    );
    const held = root.memoryMiB() - before;
    assert.ok(held <= (SILENT_PEERS * KIB_A_PEER_MAX) / 1024, `the root held ${held} MiB for them`);
  },
};

const moved: Scenario = {
  name: 'moved',
  meets: 'the root moves to another address, and a stranger answers at the old one',
  works: ['Middle', 'Leaf'],
  async disturb({ workplace, root, middle }) {
    const stranger = await NetworkServer.start(workplace, 'Stranger');
    await root.stop();
    root.relay.target = stranger.running.listen;
    await statusShowsUnreachable(middle);
    const problem = await eventually('it says that another server answers', async () => {
      const shown = await middle.primary();
      return shown.problem?.includes('it is not the server that was joined') === true && shown.problem;
    });
    assert.match(problem, REFUSED['untrusted-server'].joinAgain);
    assert.equal((await stranger.call('serverStatus', {})).keys, 0);
    await root.start(stranger.relay.address);
    stranger.relay.target = root.running.listen;
    root.relay.target = stranger.running.listen;
    const { invitation } = await root.call('inviteSecondary', {});
    const { addressesUpdated } = await middle.call('joinHierarchy', { invitation });
    assert.ok(addressesUpdated);
    await stranger.stop();
  },
};

export const STRANGERS: readonly Scenario[] = [silentPeers, moved];
