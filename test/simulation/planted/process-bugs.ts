/** Bugs of several processes of one server: one of them remembers what another changed, or does what another does. */
import type { Bug, Wrap } from './bug.ts';

const PROCESSES = 3;

const NOT_WAITED_FOR: Wrap =
  (sound) =>
  (ports, ...rest) =>
    sound({ ...ports, store: { ...ports.store, processes: { settled: async () => undefined } } }, ...rest);

function several(name: string, seed: number, ...faults: Bug['faults']): Bug {
  return { name, faults, processes: PROCESSES, seed };
}

export const PROCESS_BUGS: readonly Bug[] = [
  several('what another process changed is never heard', 1, {
    definition: 'OtherProcesses.#hear',
    wrap: () => async () => undefined,
  }),
  several('of the options the other processes do not hear', 9, {
    definition: 'isHeardOf',
    wrap: (sound) => (row) => (row.kind !== 'setting' || row.id !== 'options') && sound(row),
  }),
  several('of secondaries the other processes do not hear', 8, {
    definition: 'isHeardOf',
    wrap: (sound) => (row) => row.kind !== 'member' && sound(row),
  }),
  several('of another primary the other processes do not hear', 1, {
    definition: 'isHeardOf',
    wrap: (sound) => (row) => row.kind !== 'primary' && sound(row),
  }),
  several('a link is closed before the other processes have closed it', 5, {
    definition: 'closeTo',
    wrap: NOT_WAITED_FOR,
  }),
  several('two first starts make two servers', 1, {
    definition: 'isNew',
    wrap: (sound) => (reader) => (reader.putRow === undefined ? sound(reader) : true),
  }),
  several('what a process that ended has left is never taken over', 11, {
    definition: 'LedWork.#takeOver',
    wrap: () => async () => undefined,
  }),
  several('who is a member is remembered', 1, {
    definition: 'TrustedRows.get',
    wrap: (sound, self) => async (reader, kind, id) => {
      if (kind !== 'member') return sound(reader, kind, id);
      self.members ??= new Map();
      if (!self.members.has(id)) {
        const value = await sound(reader, kind, id);
        if (value === undefined) return undefined;
        self.members.set(id, value);
      }
      return self.members.get(id);
    },
  }),
  several(
    'the tree of the audit log is continued where this process left it',
    1,
    {
      definition: 'AuditLog.#remember',
      wrap: (sound, self) => (newest) => {
        self.own = newest;
        return sound(newest);
      },
    },
    {
      definition: 'AuditLog.#frontier',
      wrap: (sound, self) => async (reader) => {
        const now = await sound(reader);
        return self.own === undefined ? now : { ...now, frontier: self.own.frontier };
      },
    },
  ),
  several('of a new data key the other processes do not hear', 1, {
    definition: 'takeDataKeys',
    wrap: () => async () => undefined,
  }),
];
