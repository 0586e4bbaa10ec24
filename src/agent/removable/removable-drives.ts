/** Removable drives, as the agent meets them while it runs as a service. */
import { codeOf } from '#domain/errors.ts';
import { testDriveForDevice } from '../drive-commands.ts';
import { problemWords } from '../heartbeat.ts';
import { readPolicy } from '../policy/kept-policy.ts';
import type { AgentLog, AgentPorts, ServiceOptions } from '../ports.ts';
import { DiskMeeter } from './meet-disks.ts';
import { tellPerson } from './tell-person.ts';
import { watchDisks } from './watch-disks.ts';

/** Resolves when it was stopped. */
export async function meetRemovableDrives(
  ports: AgentPorts,
  log: AgentLog,
  { stop, words }: ServiceOptions,
): Promise<void> {
  const folders = ports.toolFolders;
  const meeter = new DiskMeeter({
    settings: () => readPolicy(ports.state).settings,
    clock: ports.clock,
    prove: (path) => testDriveForDevice(ports, { path, signal: stop }),
    note: ({ disk, rule, outcome, told }) => {
      const { path, serial, model } = disk;
      const fields = { event: 'removable-drive', path, serial, model, rule, done: outcome.done };
      const because = told === undefined ? undefined : words(told);
      if (outcome.done === 'failed')
        log.warn({ ...fields, because }, 'a removable drive could not be held to its rule');
      else log.info({ ...fields, because }, 'a removable drive was held to its rule');
    },
    tell: (told) => tellPerson(words(told), { folders }),
    signal: stop,
    folders,
  });
  let last: string | undefined;
  const look = async (): Promise<void> => {
    try {
      await meeter.look();
      last = undefined;
    } catch (error) {
      if (codeOf(error) === 'interrupted') return;
      const because = problemWords(error);
      // Each look would say it again.
      if (because !== last)
        log.warn(
          { event: 'removable-drives-unseen', code: codeOf(error), because },
          'removable drives cannot be seen',
        );
      last = because;
    }
  };
  await watchDisks({ stop, folders, look });
}
