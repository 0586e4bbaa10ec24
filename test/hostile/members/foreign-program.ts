/** The foreign program as a process: what it is told to do, and what came of it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Workplace } from '#test/crashes/workplace.ts';

const MAIN = join(import.meta.dirname, 'foreign/main.ts');

export interface ForeignProgram {
  /** Rejects where it could not be done. */
  tell<T>(order: Readonly<Record<string, unknown>>): Promise<T>;
}

export function startForeignProgram(workplace: Workplace): ForeignProgram {
  const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  workplace.keep(started);
  const answers = createInterface(started.stdout)[Symbol.asyncIterator]();
  return {
    async tell<T>(order: Readonly<Record<string, unknown>>): Promise<T> {
      started.stdin.write(`${JSON.stringify(order)}\n`);
      const { value, done } = await answers.next();
      if (done === true)
        throw new Error(`the foreign program ended when it was told ${JSON.stringify(order)}`);
      const told = JSON.parse(value) as T & { readonly trouble?: string };
      if (told.trouble !== undefined) throw new Error(told.trouble);
      return told;
    },
  };
}
