/** A run of crashes that is ended before its time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { eventually } from '#test/support/eventually.ts';
import { unlessPossible } from './run-a-few.ts';

const inFolder = temporaryFolder('ended');
const PROJECT = `${import.meta.dirname}/../..`;

function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

/**
 * @param sendTo Ctrl-C and a closed terminal end everything at it. Who ends npm alone ends what npm started for the
 * script, and nothing that this started in turn.
 */
async function endsEverything(signal: NodeJS.Signals, sendTo: 'npm' | 'everything'): Promise<void> {
  const folder = inFolder(signal);
  mkdirSync(folder);
  const run = spawn('npm', ['run', 'crashes', '--', '--kind', 'kill', '--seed', '1'], {
    cwd: PROJECT,
    env: { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: '' },
    detached: true,
    stdio: 'ignore',
  });
  const group = run.pid!;
  const over = once(run, 'close');
  // A folder that went away while it was read is one that the run cleared away: the next look sees the rest.
  const sockets = () => {
    try {
      return readdirSync(folder, { recursive: true }).filter((path) =>
        String(path).endsWith('keystair.sock'),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  try {
    await eventually('two servers run', () => sockets().length === 2);
    process.kill(sendTo === 'npm' ? group : -group, signal);
    // npm passes on what it is sent: what is at a terminal with it hears a signal twice.
    if (sendTo === 'everything') process.kill(-group, signal);
    await over;
    await eventually('no process is left', () => !isThere(group));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('keystair-')),
      [],
    );
  } finally {
    if (isThere(group)) process.kill(-group, 'SIGKILL');
  }
}

test('a run that is told to end ends its servers and clears its folder away, however it was told', {
  skip: unlessPossible('kill'),
}, async () => {
  await endsEverything('SIGTERM', 'npm');
  await endsEverything('SIGINT', 'everything');
  await endsEverything('SIGHUP', 'everything');
});
