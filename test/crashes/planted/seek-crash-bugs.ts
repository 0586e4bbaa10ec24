/** Plants bugs in a copy of the program, one after the other, and lets its crashes look for them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plant } from '#test/simulation/planted/plant.ts';
import { CRASH_BUGS, type CrashBug } from './crash-bugs.ts';

/** Folders of kept data, which the copy names, are cleared away with it. */
async function whatIsSaid(bug: CrashBug, ended: AbortSignal): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keystair-planted-'));
  try {
    plant(bug, folder);
    const options = ['--kind', bug.kind, '--rounds', String(bug.rounds), '--json'];
    const main = join(folder, 'test/crashes/main.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...options], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // It clears away what it started, and only then goes its copy.
    const end = (): boolean => child.kill('SIGTERM');
    ended.addEventListener('abort', end);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as (number | null)[];
    ended.removeEventListener('abort', end);
    return code === 0 ? '' : said;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/**
 * @param only bugs whose name holds this text.
 * @param ended aborted when it is to stop before its time.
 * @returns whether every one of them was seen.
 */
export async function seekCrashBugs(
  only: string,
  say: (line: string) => void,
  ended: AbortSignal,
): Promise<boolean> {
  const bugs = CRASH_BUGS.filter(({ name }) => name.includes(only));
  let missed = 0;
  for (const bug of bugs) {
    const begun = performance.now();
    const said = await whatIsSaid(bug, ended);
    if (ended.aborted) return false;
    const seen = bug.sees.exec(said)?.[0];
    const seconds = Math.round((performance.now() - begun) / 1000);
    if (seen === undefined) missed += 1;
    say(
      seen === undefined
        ? `NOT SEEN by ${bug.rounds} rounds of ${bug.kind}, ${seconds} s: ${bug.name}\n${said}`
        : `${bug.kind} sees within ${seconds} s: ${bug.name}\n    ${seen}`,
    );
  }
  say(`${bugs.length} bugs planted, ${missed} not seen`);
  return bugs.length > 0 && missed === 0;
}
