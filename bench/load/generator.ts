/** The load generator as a run sees it: one process, given one task after another. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Workplace } from '../workplace.ts';
import type { LoadResult, LoadTask } from './load-task.ts';

export interface Generator {
  /** Throws where an answer was not as expected. */
  load(task: LoadTask): Promise<LoadResult>;
}

export function startGenerator(workplace: Workplace): Generator {
  const program = fileURLToPath(new URL('./load-generator.ts', import.meta.url));
  const started = workplace.keep(fork(program, { execArgv: ['--disable-warning=ExperimentalWarning'] }));
  return {
    async load(task) {
      const result = await new Promise<LoadResult>((resolve, reject) => {
        const onEnd = (): void => reject(new Error('the load generator ended'));
        started.once('exit', onEnd);
        started.once('message', (message) => {
          started.off('exit', onEnd);
          resolve(message as LoadResult);
        });
        started.send(task);
      });
      if (result.wrong > 0) {
        throw new Error(
          `${result.wrong} answers of ${task.path} were not as expected, the first:\n${result.firstWrong}`,
        );
      }
      return result;
    },
  };
}
