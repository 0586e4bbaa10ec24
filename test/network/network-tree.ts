/**
 * The tree whose lines are disturbed: a root, a middle and a leaf, each a real process dialled through a relay, with a
 * device at each; and what must hold of it when the lines are well again.
 */
import assert from 'node:assert/strict';
import { joinDevice } from '#test/crashes/played-device.ts';
import type { Workplace } from '#test/crashes/workplace.ts';
import { eventually } from '#test/support/eventually.ts';
import { LocalWork } from './local-work.ts';
import { NetworkServer } from './network-server.ts';

/** The shortest that still lets a busy machine finish one before the next. */
export const HEARTBEAT_MS = 2000;
/**
 * In which the tree must agree. One heartbeat, and before it the call that was under way when the line went silent,
 * which is given up after 15 s; that twice over, since other scenarios share the processors.
 */
const AGREEMENT_HEARTBEATS_MAX = 17;
/** A server with nothing to do takes about half of it. */
const MEMORY_MIB_MAX = 320;

export type Place = 'Root' | 'Middle' | 'Leaf';

export interface NetworkTree {
  readonly workplace: Workplace;
  readonly root: NetworkServer;
  readonly middle: NetworkServer;
  readonly leaf: NetworkServer;
  readonly work: Readonly<Record<Place, LocalWork>>;
  /** Everybody's line is well: resolves with how many heartbeats it took until all agree. */
  agree(): Promise<number>;
  /** The most that one of its servers ever held. */
  memoryMiB(): number;
  /** Verifies and stops everything. */
  end(): Promise<void>;
}

async function join(secondary: NetworkServer, primary: NetworkServer): Promise<void> {
  const { invitation } = await primary.call('inviteSecondary', {});
  await secondary.call('joinHierarchy', { invitation });
}

async function workAt(workplace: Workplace, server: NetworkServer): Promise<LocalWork> {
  const device = await joinDevice(server, [server.running.listen]);
  workplace.atTheEnd(() => device.close());
  return new LocalWork(server.name, device);
}

export async function growTree(workplace: Workplace): Promise<NetworkTree> {
  const [root, middle, leaf] = await Promise.all(
    (['Root', 'Middle', 'Leaf'] as const).map((name) => NetworkServer.start(workplace, name)),
  );
  assert.ok(root && middle && leaf);
  const servers = [root, middle, leaf];
  for (const { call } of servers) {
    await call('changeSettings', { useHierarchy: true, heartbeat: HEARTBEAT_MS / 1000 });
  }
  await join(middle, root);
  await join(leaf, middle);
  const work = {
    Root: await workAt(workplace, root),
    Middle: await workAt(workplace, middle),
    Leaf: await workAt(workplace, leaf),
  };

  /** By what all of them say themselves, without hastening anything. */
  const agreed = async (): Promise<boolean> => {
    for (const server of [leaf, middle]) {
      const { headSeq, primary } = await server.call('serverStatus', {});
      if (primary?.state !== 'connected' || primary.acknowledgedSeq !== headSeq) return false;
    }
    return true;
  };

  const holdsEveryKey = async (): Promise<void> => {
    const known = new Set<string>();
    let after: string | null = '0';
    while (after !== null) {
      const page: { keys: { id: string }[]; next: string | null } = await root.call('listKeys', {
        after,
        limit: 1000,
      });
      for (const { id } of page.keys) known.add(id);
      after = page.next;
    }
    const all = Object.values(work).flatMap(({ keys }) => keys);
    const lost = all.filter(({ id }) => !known.has(id));
    assert.deepEqual(lost.length, 0, `${lost.length} of ${all.length} keys never came to Root`);
    assert.equal(known.size, all.length, 'Root has a key that nobody handed over');
  };

  /** A key that only the root has comes down to the leaf's device. */
  const comesDown = async (): Promise<void> => {
    const { id, claim } = await work.Root.once();
    const found = await work.Leaf.device.calls.call('deviceLookup', { id, claim });
    assert.equal(found.outcome, 'found', `a key of Root does not come down: ${JSON.stringify(found)}`);
  };

  return {
    workplace,
    root,
    middle,
    leaf,
    work,
    async agree() {
      const begun = performance.now();
      await eventually('all agree', agreed);
      const heartbeats = (performance.now() - begun) / HEARTBEAT_MS;
      assert.ok(
        heartbeats <= AGREEMENT_HEARTBEATS_MAX,
        `all agreed only after ${heartbeats.toFixed(1)} heartbeats`,
      );
      await holdsEveryKey();
      await comesDown();
      for (const server of [leaf, middle]) assert.equal((await server.primary()).problem, null);
      return heartbeats;
    },
    memoryMiB: () => Math.max(...servers.map((server) => server.memoryMiB())),
    async end() {
      for (const server of servers) {
        const { ok, problems } = await server.call('verify', {});
        assert.ok(ok, `${server.name} does not verify: ${JSON.stringify(problems)}`);
        const held = server.memoryMiB();
        assert.ok(held <= MEMORY_MIB_MAX, `${server.name} held ${held} MiB`);
      }
      for (const { device } of Object.values(work)) device.close();
      await Promise.all(servers.map((server) => server.stop()));
      for (const { relay } of servers) relay.close();
    },
  };
}
