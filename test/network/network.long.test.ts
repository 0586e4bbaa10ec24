/** Two of the scenarios of `npm run network`, side by side. */
import { describe, test } from 'node:test';
import { openWorkplace } from '#test/crashes/workplace.ts';
import { runScenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/** Always the same choices; other seeds are for the many. */
const SEED = 1;

async function run(name: string): Promise<void> {
  const workplace = openWorkplace();
  try {
    await runScenario(workplace, SCENARIOS.find((scenario) => scenario.name === name)!, SEED);
  } finally {
    workplace.clear();
  }
}

describe('bad lines', { concurrency: 2 }, () => {
  test('sites go on while the line to the root is down, are told which line it is, and agree once it is up', () =>
    run('partition'));
  test('a primary that moved is never taken for the stranger at its old address, and a new invitation leads to it', () =>
    run('moved'));
});
