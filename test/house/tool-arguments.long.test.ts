/** The project's own tools refuse wrong arguments as the product does: one line, exit 2, and nothing was begun. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const WRONG: readonly (readonly [tool: string, ...args: string[]])[] = [
  ['test/simulation/main.ts', '--seed', '2336334908'],
  ['test/simulation/main.ts', '--servers', '0'],
  ['test/simulation/main.ts', '--budget', 'long'],
  ['test/simulation/main.ts', '--plan', 'nowhere.json'],
  ['test/crashes/main.ts', '--kind', 'none'],
  ['test/crashes/main.ts', '--rounds', '0'],
  ['test/hostile/main.ts'],
  ['test/hostile/main.ts', '--kind', 'flips', '--seed', '-1'],
  ['test/network/main.ts', '--scenario', 'none'],
  ['test/network/main.ts', '--budget', '0s'],
  ['test/large-files/main.ts', '--lines', '10'],
  ['test/event-streams/main.ts', '--streams', '0'],
  ['test/devices/main.ts', '--only', 'none'],
  ['test/failover/main.ts', '--rounds', '0'],
  ['examples/organisation.ts', '--twice'],
  ['bench/main.ts', '--only', 'P0'],
];
const TOOLS = [...new Set(WRONG.map(([tool]) => tool))];

for (const [tool, ...args] of [...WRONG, ...TOOLS.map((tool) => [tool, '--bogus'] as const)]) {
  test(`${tool} ${args.join(' ')}`, () => {
    const options = { cwd: ROOT, encoding: 'utf8' } as const;
    const ran = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', tool, ...args],
      options,
    );
    assert.match(ran.stderr, /^[^\n]+\n$/);
    assert.deepEqual([ran.status, ran.stdout], [2, '']);
  });
}
