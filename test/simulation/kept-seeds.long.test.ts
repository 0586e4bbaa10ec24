/** Plans that once found something: none of them breaks a promise any more. */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { simulate } from './simulate.ts';
import type { Plan } from './step.ts';
import { storyOf } from './story.ts';

test('what once went wrong does not go wrong again', async () => {
  const files: string[] = [];
  for await (const file of glob('seeds/*.json', { cwd: import.meta.dirname })) files.push(file);
  assert.ok(files.length > 0, 'seeds are kept');
  for (const file of files.sort()) {
    const { plan } = JSON.parse(await readFile(join(import.meta.dirname, file), 'utf8')) as { plan: Plan };
    const outcome = await simulate(plan);
    assert.equal(outcome.violations.length, 0, `\n${storyOf(outcome, plan)}`);
  }
});
