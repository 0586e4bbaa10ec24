/** One kind of bad line: how it is run on a tree of its own, and what every one of them must show. */
import { createDice, type Dice } from '#test/simulation/world/dice.ts';
import type { Workplace } from '#test/crashes/workplace.ts';
import { growTree, type NetworkTree, type Place } from './network-tree.ts';
import { CLEAR } from './relay.ts';

export interface Scenario {
  readonly name: string;
  /** What people meet, in words. */
  readonly meets: string;
  /** Where keys are taken and given out without a failure meanwhile. */
  readonly works: readonly Place[];
  /** Disturbs the line, and looks at what is shown of it. What is still disturbed at its end is set right for it. */
  disturb(tree: NetworkTree, dice: Dice): Promise<void>;
}

export interface Shown {
  /** Keys acknowledged while the line was disturbed. */
  readonly keys: number;
  /** From the moment the line was well until all agreed. */
  readonly heartbeats: number;
  /** The most that one server held. */
  readonly memoryMiB: number;
}

export async function runScenario(workplace: Workplace, scenario: Scenario, seed: number): Promise<Shown> {
  const tree = await growTree(workplace);
  const works = Object.values(tree.work);
  for (const work of works) await work.once();
  await tree.agree();
  const keysAtFirst = works.reduce((sum, { keys }) => sum + keys.length, 0);
  const going = scenario.works.map((place) => tree.work[place]);
  for (const work of going) work.begin();
  await scenario.disturb(tree, createDice(seed, scenario.name));
  for (const work of going) await work.end();
  for (const { relay } of [tree.root, tree.middle, tree.leaf]) relay.weather = CLEAR;
  const keys = works.reduce((sum, work) => sum + work.keys.length, 0) - keysAtFirst;
  const heartbeats = await tree.agree();
  const memoryMiB = tree.memoryMiB();
  await tree.end();
  return { keys, heartbeats, memoryMiB };
}
