/** What a process waits for, as the kernel tells it: for a person who reads why a run was given up. */
import { readdirSync, readFileSync } from 'node:fs';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '?';
  }
}

/** One line, with each of its threads where it is in the kernel. */
export function processState(pid: number): string {
  const tasks = `/proc/${pid}/task`;
  try {
    const threads = readdirSync(tasks).map((task) => {
      const status = read(`${tasks}/${task}/status`);
      const state = /^State:\s*(.*)$/m.exec(status)?.[1] ?? '?';
      return `${read(`${tasks}/${task}/comm`)} ${state} in ${read(`${tasks}/${task}/wchan`)}`;
    });
    return `process ${pid}: ${[...new Set(threads)].join('; ')}`;
  } catch {
    return `process ${pid} is over`;
  }
}
