/** Another user of this machine: a process of Node that has loaded what it needs and then becomes `nobody`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { atTheEnd } from './at-the-end.ts';

export const NOBODY = 65_534;

export interface Nobody {
  readonly process: ChildProcess;
  /** The next line it prints. */
  readonly line: () => Promise<string>;
  /** All that it printed, once it has ended. */
  readonly ended: Promise<string>;
}

/** @param load runs before it becomes nobody, `program` after; both are text of a module. */
export function asNobody(program: string, load = ''): Nobody {
  const source = `${load}
    process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});
    ${program}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source];
  const child = spawn(process.execPath, args, {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  atTheEnd(() => child.kill('SIGKILL'));
  const printed: string[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => printed.push(line));
  return {
    process: child,
    line: async () => ((await once(lines, 'line')) as string[])[0]!,
    ended: once(lines, 'close').then(() => printed.join('\n')),
  };
}
