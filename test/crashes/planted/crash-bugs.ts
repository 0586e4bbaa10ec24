/** Bugs by which something acknowledged is lost when it matters: each is seen by the crashes of its kind. */
import type { Bug, Loose, Wrap } from '#test/simulation/planted/bug.ts';
import { CUSTODY_NOT_WAITED_FOR } from '#test/simulation/planted/not-waited-for.ts';
import type { CrashKind } from '../crash-kinds.ts';
import type { Failing } from '../failing-calls.ts';

export interface CrashBug extends Omit<Bug, 'seed'> {
  readonly kind: CrashKind['name'];
  /** Of failing calls, those that show it. */
  readonly failing?: Failing;
  /** So many are enough to see it. */
  readonly rounds: number;
  /** What is said of it. */
  readonly sees: RegExp;
}

const CUSTODY_FAILS_UNSEEN: Wrap =
  (sound) =>
  (ports, ...rest) =>
    sound(
      {
        ...ports,
        custody: { record: (key: unknown) => ports.custody.record(key).catch(() => undefined) },
      },
      ...rest,
    );

export const CRASH_BUGS: readonly CrashBug[] = [
  {
    kind: 'kill',
    name: 'a device is answered before its key is committed',
    faults: [{ definition: 'recordDeviceKey', wrap: CUSTODY_NOT_WAITED_FOR }],
    rounds: 60,
    sees: /lost \d+ keys that it had acknowledged/,
  },
  {
    kind: 'kill',
    name: 'a device encrypts before its key is acknowledged',
    faults: [
      {
        definition: 'handOver',
        // One that was just made. What stayed pending is handed over by the heartbeat as ever.
        wrap:
          (sound) =>
          async (ports, calls, key): Promise<void> => {
            if (ports.clock() - Date.parse(key.key.createdAt) > 1000) return sound(ports, calls, key);
            setTimeout(() => sound(ports, calls, key).catch(() => undefined), 1000);
          },
      },
    ],
    rounds: 60,
    sees: /before its key was in custody/,
  },
  {
    kind: 'power',
    name: 'a commit is answered before its log is flushed',
    faults: [
      {
        definition: 'createCommitQueue',
        wrap: (sound) => (ports) => {
          const flush = async (): Promise<void> => void ports.log.flush();
          return sound({ ...ports, log: ports.log && { isQuick: () => false, flush } });
        },
      },
    ],
    rounds: 40,
    sees: /a store that syncs lost what it had acknowledged/,
  },
  {
    kind: 'calls',
    name: 'a sync that fails is taken for one that did not',
    faults: [
      {
        definition: 'createCommitQueue',
        wrap: (sound) => (ports) => {
          const flush = (): Promise<void> => ports.log.flush().catch(() => undefined);
          return sound({ ...ports, log: ports.log && { isQuick: () => false, flush } });
        },
      },
    ],
    rounds: 60,
    sees: /a sync failed, and the server went on/,
  },
  {
    kind: 'calls',
    name: 'what a killed server left in its log is read before it is synced',
    faults: [
      {
        definition: 'syncPath',
        wrap: (sound) => (path) => (path.endsWith('-wal') ? undefined : sound(path)),
      },
    ],
    failing: 'sync',
    rounds: 120,
    sees: /has \d+ keys, and had \d+|has other keys than before|that it had lost something/,
  },
  {
    kind: 'calls',
    name: 'a device is answered whatever became of its key',
    faults: [{ definition: 'recordDeviceKey', wrap: CUSTODY_FAILS_UNSEEN }],
    rounds: 60,
    sees: /lost \d+ keys that it had acknowledged/,
  },
  {
    kind: 'full',
    name: 'a full disk is not told to the device',
    faults: [{ definition: 'recordDeviceKey', wrap: CUSTODY_FAILS_UNSEEN }],
    rounds: 2,
    sees: /the disk never ran full/,
  },
  {
    kind: 'full',
    name: 'a lookup may not use the space set aside for its audit event',
    faults: [
      {
        definition: 'createCommitQueue',
        wrap: (sound) => (ports) => {
          const queue = sound(ports);
          return { ...queue, add: (work: Loose) => queue.add({ ...work, reserve: false }) };
        },
      },
    ],
    rounds: 2,
    sees: /is not given out|is full/,
  },
];
