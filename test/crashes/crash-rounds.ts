/**
 * Rounds of crashes under load. Each kills somebody at a moment of its own, takes from the victims' disks what was not
 * brought to them, starts them again, and holds what is there against what was acknowledged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDice, type Dice } from '#test/simulation/world/dice.ts';
import type { AgentRun, AgentWork } from './crash-agent.ts';
import type { CrashServer } from './crash-server.ts';
import { startLoad } from './load.ts';
import type { PlaceMaker } from './place.ts';
import { mayGoOn, type Report, type RunOptions } from './run-options.ts';
import { type CrashTree, growTree } from './tree.ts';
import { within } from './within.ts';
import type { Workplace } from './workplace.ts';

/** A new tree after so many, so that no round has to look through a great repository. */
const ROUNDS_A_TREE = 60;
/** Everything is looked at again, and verified, after so many. */
const ROUNDS_A_WHOLE_LOOK = 15;
/** A server is met anywhere in its first group commits, transmissions and checkpoints. */
const SERVER_MS_MAX = 250;
/** A command of an agent takes half a second on an idle machine. */
const AGENT_MS_MAX = 1200;

interface Victims {
  readonly servers: readonly CrashServer[];
  readonly agent?: AgentWork;
}

function victimsOf({ root, branch }: CrashTree, dice: Dice): Victims {
  const choice = dice.below(8);
  if (choice < 2) return { servers: [root] };
  if (choice < 4) return { servers: [branch] };
  if (choice < 5) return { servers: [root, branch] };
  if (choice < 6) return { servers: [branch], agent: dice.pick(['file', 'drive']) };
  return { servers: [], agent: choice === 6 ? 'file' : 'drive' };
}

async function crash(servers: readonly CrashServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.kill()));
  for (const server of servers) await server.place.cut();
  await Promise.all(servers.map((server) => server.start()));
}

async function lookAtAll(tree: CrashTree): Promise<void> {
  await tree.check({ whole: true });
  await Promise.all([tree.root.verify(), tree.branch.verify()]);
}

export async function runCrashRounds(
  workplace: Workplace,
  makePlace: PlaceMaker,
  options: RunOptions,
): Promise<Report> {
  const figures = { trees: 0, servers: 0, agents: 0, acknowledged: 0, unanswered: 0 };
  let rounds = 0;

  const runRound = async (tree: CrashTree, dice: Dice): Promise<void> => {
    const { servers, agent } = victimsOf(tree, dice);
    tree.journal.note(
      `round ${rounds}: ${[...servers.map(({ name }) => name), agent].filter(Boolean).join(' and ')}`,
    );
    const load = startLoad(tree);
    const run: AgentRun | undefined = agent === undefined ? undefined : tree.agent.start(agent);
    await sleep(dice.below(agent === undefined ? SERVER_MS_MAX : AGENT_MS_MAX));
    await Promise.all([...servers.map((server) => server.kill()), run?.kill(dice.chance(0.5))]);
    const { acknowledged, failed } = await load.stop();
    tree.journal.note('crashed');
    await crash(servers);
    if (run !== undefined) {
      await tree.agent.place.cut();
      await run.check();
    }
    await tree.check();
    figures.servers += servers.length;
    figures.agents += run === undefined ? 0 : 1;
    figures.acknowledged += acknowledged;
    figures.unanswered += failed;
  };

  while (mayGoOn(options, rounds)) {
    figures.trees += 1;
    const dice = createDice(options.seed, `tree ${figures.trees}`);
    const between = async (servers: readonly CrashServer[]): Promise<void> => {
      await crash(servers);
      figures.servers += servers.length;
    };
    const tree = await options.time.round(() =>
      within(workplace, 'growing a tree', () => growTree({ workplace, makePlace, dice, between })),
    );
    // A tree that was grown is used, however long it took.
    for (let round = 1; round <= ROUNDS_A_TREE && (rounds === 0 || mayGoOn(options, rounds)); round += 1) {
      rounds += 1;
      await options.time.round(async () => {
        await within(workplace, `round ${rounds}`, () => runRound(tree, dice));
        if (round % ROUNDS_A_WHOLE_LOOK === 0) await within(workplace, 'a whole look', () => lookAtAll(tree));
      });
    }
    await within(workplace, 'coming to rest', () => tree.comeToRest());
    options.say(`${rounds} rounds, ${figures.acknowledged} keys acknowledged`);
  }
  return { rounds, figures };
}
