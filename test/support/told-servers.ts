/** Trees as a secondary may tell them, the hostile kinds too: deep, wide, with long words, with ids that come again. */
import { randomUUID } from 'node:crypto';
import type { TreeServer } from '#protocol/server-tree.ts';
import type { Dice } from '#test/simulation/world/dice.ts';

export function toldServer(name: string, more: Partial<TreeServer> = {}): TreeServer {
  return {
    id: randomUUID(),
    name,
    useHierarchy: true,
    dmz: false,
    waiting: 0,
    lastHeartbeatAt: '2026-11-26T01:38:53.000Z',
    problem: null,
    secondaries: [],
    ...more,
  };
}

/** One below the other. */
export function toldChain(depth: number): TreeServer[] {
  let chain: TreeServer[] = [];
  for (let level = depth; level > 0; level -= 1) {
    chain = [toldServer(`level ${level}`, { secondaries: chain })];
  }
  return chain;
}

/**
 * A random tree, of at most so many servers.
 *
 * @param ids that it may hold, besides new ones.
 */
export function randomTree(dice: Dice, servers: number, ids: readonly string[]): TreeServer[] {
  type Grown = TreeServer & { readonly secondaries: TreeServer[] };
  const tree: TreeServer[] = [];
  const grown: Grown[] = [];
  // Most servers below the last one make it deep, any server makes it bushy, none makes it wide.
  const deep = dice.below(3) / 2;
  const bushy = dice.below(3) / 2;
  const longWords = dice.chance(0.3);
  for (let count = 0; count < servers; count += 1) {
    const secondaries: TreeServer[] = [];
    const server: Grown = {
      ...toldServer(longWords ? '"\u{1f511}\\'.repeat(1 + dice.below(60)) : `server ${count}`),
      ...(dice.chance(0.1) && ids.length > 0 ? { id: dice.pick(ids) } : {}),
      ...(dice.chance(0.1) && grown.length > 0 ? { id: dice.pick(grown).id } : {}),
      ...(dice.chance(0.3) ? { problem: 'not heard '.repeat(dice.below(longWords ? 100 : 5)) } : {}),
      ...(dice.chance(0.5) ? { joinedAt: '2026-11-26T01:38:53.000Z' } : {}),
      secondaries,
    };
    const above = dice.chance(deep)
      ? grown.at(-1)
      : dice.chance(bushy) && grown.length > 0
        ? dice.pick(grown)
        : undefined;
    (above?.secondaries ?? tree).push(server);
    grown.push(server);
  }
  return tree;
}
