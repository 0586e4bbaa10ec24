/** What happens to servers that have several processes, and to single ones of these. */
import type { Instance } from '../world/instance.ts';
import type { ServerProcess } from '../world/server-process.ts';
import type { World } from '../world/world.ts';
import { MINUTE_MS, type Step, within } from '../step.ts';
import { fault, onServer } from './faults.ts';
import type { Action } from './work.ts';

function onProcess(
  weight: number,
  work: (world: World, server: Instance, process: ServerProcess, step: Step) => void,
): Action {
  return onServer(weight, (world, server, step) => {
    const { running } = server;
    if (server.group !== undefined && running.length > 0)
      work(world, server, running[step.size % running.length]!, step);
  });
}

export const PROCESS_FAULTS = {
  /** A machine that swaps, a debugger, a virtual machine that moves: others take over meanwhile, or do not. */
  pause: onProcess(24, (world, server, process, step) => {
    const ms = within(step.two, 100, 40_000);
    fault(world, server.name, `one of its processes stands still for ${ms} ms`);
    process.pause(ms);
  }),
  kill: onProcess(14, (world, server, process, step) => {
    fault(world, server.name, 'one of its processes is killed');
    process.life.end();
    world.schedule.after(within(step.two, 1, 5 * MINUTE_MS), `start of ${server.name}`, () => server.start());
  }),
  stopOne: onProcess(8, (world, server, process, step) => {
    fault(world, server.name, 'one of its processes is stopped for a while');
    world.begin(server.name, 'stopping one', () => process.stop());
    world.schedule.after(within(step.two, 1, 20 * MINUTE_MS), `start of ${server.name}`, () =>
      server.start(),
    );
  }),
  /** Each of them has to seal with it from the next record on, and to open what the others sealed. */
  rotateDataKey: onProcess(10, (world, server) => {
    world.trace.tell(server.name, 'its administrator makes a new data key');
    world.begin(server.name, 'a new data key', () => server.ask('rotateDataKey', {}));
  }),
} satisfies Readonly<Record<string, Action>>;

export type ProcessFaultName = keyof typeof PROCESS_FAULTS;
