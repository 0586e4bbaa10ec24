/**
 * The tree that is crashed: a root, a branch below it, a played device at each, and a real agent at the branch; and
 * what must hold of it after every crash, and once it is left alone.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { eventually } from '#test/support/eventually.ts';
import type { Dice } from '#test/simulation/world/dice.ts';
import { CrashAgent } from './crash-agent.ts';
import { CrashServer } from './crash-server.ts';
import { Journal } from './journal.ts';
import type { PlaceMaker } from './place.ts';
import { joinDevice, type PlayedDevice } from './played-device.ts';
import type { Workplace } from './workplace.ts';

export interface CrashTree {
  readonly journal: Journal;
  readonly root: CrashServer;
  readonly branch: CrashServer;
  /** By the name of their server. */
  readonly devices: ReadonlyMap<string, PlayedDevice>;
  readonly agent: CrashAgent;
  /** What was acknowledged is there. */
  check(options?: { readonly whole: boolean }): Promise<void>;
  /** Left alone, every key reaches the root, and everything verifies. Ends the tree. */
  comeToRest(): Promise<void>;
}

export interface TreeOptions {
  readonly workplace: Workplace;
  readonly makePlace: PlaceMaker;
  readonly dice: Dice;
  /** Called between the steps of setting up, each of which was acknowledged to an administrator. */
  readonly between?: (servers: readonly CrashServer[]) => Promise<void>;
}

export async function growTree({ workplace, makePlace, dice, between }: TreeOptions): Promise<CrashTree> {
  const journal = new Journal(join(workplace.makeFolder('journal'), 'journal'));
  const place = (name: string) => makePlace(name, dice);
  const root = new CrashServer(workplace, 'Root', place('root'));
  const branch = new CrashServer(workplace, 'Branch', place('branch'));
  await Promise.all([root.start(), branch.start()]);
  await between?.([root, branch]);
  for (const server of [root, branch]) await server.call('changeSettings', { useHierarchy: true });
  const { invitation } = await root.call('inviteSecondary', {});
  await branch.call('joinHierarchy', { invitation });
  await between?.([root, branch]);
  const devices = new Map([
    [root.name, await joinDevice(root)],
    [branch.name, await joinDevice(branch)],
  ]);
  const agent = await CrashAgent.enrol(workplace, place('device'), branch);
  await between?.([branch]);

  let climbed = 0;
  const checked = new Map<string, number>();

  const holdsAcknowledged = (server: CrashServer, whole: boolean): void => {
    const from = whole ? 0 : (checked.get(server.name) ?? 0);
    const acknowledged = journal.from(server.name, from);
    const lost = acknowledged.filter((id) => !server.has(id));
    assert.deepEqual(lost, [], `${server.name} lost ${lost.length} keys that it had acknowledged`);
    checked.set(server.name, from + acknowledged.length);
  };

  /** Keys that the root acknowledged to the branch are on the root. */
  const holdsClimbed = async (whole: boolean): Promise<void> => {
    const { primary } = await branch.call('serverStatus', {});
    assert.ok(primary !== null, 'the branch lost its primary');
    const until = primary.acknowledgedSeq;
    await Promise.all([root.look(), branch.look()]);
    const lost = branch.order.slice(whole ? 0 : climbed, until).filter((id) => !root.has(id));
    assert.deepEqual(lost, [], `Root lost ${lost.length} keys that it had acknowledged to Branch`);
    climbed = Math.max(climbed, until);
  };

  const check = async ({ whole }: { readonly whole: boolean } = { whole: false }): Promise<void> => {
    await Promise.all([root.look({ whole }), branch.look({ whole })]);
    for (const id of agent.custody()) journal.acknowledged(branch.name, id);
    for (const server of [root, branch]) holdsAcknowledged(server, whole);
    await holdsClimbed(whole);
  };

  return {
    journal,
    root,
    branch,
    devices,
    agent,
    check,
    async comeToRest() {
      await agent.heartbeat();
      await eventually('every key of the branch is acknowledged by the root', async () => {
        const { acknowledgedSeq } = await branch.call('heartbeatNow', {});
        return acknowledgedSeq === (await branch.call('serverStatus', {})).headSeq;
      });
      await check({ whole: true });
      for (const id of branch.order) assert.ok(root.has(id), `key ${id} never came to the root`);
      const { primary } = await branch.call('serverStatus', {});
      assert.equal(primary?.problem, null);
      await agent.opensItsFiles();
      for (const server of [root, branch]) await server.verify();
      for (const device of devices.values()) device.close();
      await Promise.all([root.running.stop(), branch.running.stop()]);
      for (const place of [root.place, branch.place, agent.place]) place.close();
      journal.close();
    },
  };
}
