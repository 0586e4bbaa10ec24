/** Load on a tree: devices that hand over keys at both servers, without a pause, until they are told to stop. */
import { KeystairError } from '#domain/errors.ts';
import type { CrashTree } from './tree.ts';

/** Calls under way at each server. */
const AT_ONCE = 6;

export interface Load {
  /** No further call is begun; resolves when none is under way. */
  stop(): Promise<{ readonly acknowledged: number; readonly failed: number }>;
}

export function startLoad(tree: CrashTree): Load {
  const state = { going: true };
  let acknowledged = 0;
  let failed = 0;

  const handOverKeys = async (name: string): Promise<void> => {
    const device = tree.devices.get(name)!;
    while (state.going) {
      const key = device.makeKey();
      try {
        await device.handOver(key);
        tree.journal.acknowledged(name, key.id);
        acknowledged += 1;
      } catch (error) {
        if (!(error instanceof KeystairError)) throw error;
        failed += 1;
        // Its server is gone: until it is back nothing can be acknowledged.
        return;
      }
    }
  };

  const work = [...tree.devices.keys()].flatMap((name) =>
    Array.from({ length: AT_ONCE }, () => handOverKeys(name)),
  );
  const over = Promise.all(work);
  // Told to whoever stops the load.
  over.catch(() => undefined);
  return {
    async stop() {
      state.going = false;
      await over;
      return { acknowledged, failed };
    },
  };
}
