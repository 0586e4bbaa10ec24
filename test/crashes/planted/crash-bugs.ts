/** Bugs by which something acknowledged is lost when it matters: each is seen by the crashes of its kind. */
import { type Bug, edit } from '#test/simulation/planted/bug.ts';
import type { CrashKind } from '../crash-kinds.ts';

export interface CrashBug extends Omit<Bug, 'seed'> {
  readonly kind: CrashKind['name'];
  /** So many are enough to see it. */
  readonly rounds: number;
  /** What is said of it. */
  readonly sees: RegExp;
}

const QUEUE = 'store/sqlite/commit-queue.ts';
const RECORD = 'server/devices/record-device-key.ts';
const HAND_OVER = 'await ports.custody.record({ key, demandCaller });';

export const CRASH_BUGS: readonly CrashBug[] = [
  {
    kind: 'kill',
    name: 'a device is answered before its key is committed',
    edits: [edit(RECORD, HAND_OVER, 'void ports.custody.record({ key, demandCaller });')],
    rounds: 60,
    sees: /lost \d+ keys that it had acknowledged/,
  },
  {
    kind: 'kill',
    name: 'a device encrypts before its key is acknowledged',
    edits: [
      edit(
        'agent/custody.ts',
        'await handOver(ports, calls, key);\n  return',
        'void handOver(ports, calls, key).catch(() => undefined);\n  return',
      ),
    ],
    rounds: 60,
    sees: /before its key was in custody/,
  },
  {
    kind: 'power',
    name: 'a commit is answered before its log is flushed',
    edits: [edit(QUEUE, 'await flush(group', 'void flush(group')],
    rounds: 40,
    sees: /a store that syncs lost what it had acknowledged/,
  },
  {
    kind: 'calls',
    name: 'a sync that fails is taken for one that did not',
    edits: [
      edit(
        QUEUE,
        'else await log.flush();\n    } catch (error) {\n      escalate(error);',
        'else await log.flush();\n    } catch {\n      // Nothing.',
      ),
    ],
    rounds: 60,
    sees: /a sync failed, and the server went on/,
  },
  {
    kind: 'calls',
    name: 'what a killed server left in its log is read before it is synced',
    edits: [
      edit(
        'store/sqlite/data-files.ts',
        'for (const file of [path, `${path}-wal`]) {',
        'for (const file of [path]) {',
      ),
    ],
    rounds: 120,
    sees: /has \d+ keys, and had \d+|has other keys than before|that it had lost something/,
  },
  {
    kind: 'calls',
    name: 'a device is answered whatever became of its key',
    edits: [edit(RECORD, HAND_OVER, HAND_OVER.replace(';', '.catch(() => undefined);'))],
    rounds: 60,
    sees: /lost \d+ keys that it had acknowledged/,
  },
  {
    kind: 'full',
    name: 'a full disk is not told to the device',
    edits: [edit(RECORD, HAND_OVER, HAND_OVER.replace(';', '.catch(() => undefined);'))],
    rounds: 2,
    sees: /the disk never ran full/,
  },
  {
    kind: 'full',
    name: 'a lookup may not use the space set aside for its audit event',
    edits: [edit('server/audit/audit-log.ts', '{ reserve: true },', '{ reserve: false },')],
    rounds: 2,
    sees: /is not given out|is full/,
  },
];
