/** Takes bounds away in a copy of the program, one after the other, and lets hostile neighbours look for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plant } from '#test/simulation/planted/plant.ts';
import { MEMBER_BUGS, type MemberBug } from './member-bugs.ts';

/** Folders of kept data go with the copy. */
async function whatIsSaid(bug: MemberBug, ended: AbortSignal): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keystair-planted-'));
  try {
    plant(bug, folder);
    const main = join(folder, 'test/hostile/main.ts');
    const options = ['--kind', 'members', '--only', bug.harm, '--seed', '1', '--budget', `${bug.seconds}s`];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...options], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // It ends what it started, and only then goes its copy.
    const end = (): boolean => child.kill('SIGTERM');
    ended.addEventListener('abort', end);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    await once(child, 'close');
    ended.removeEventListener('abort', end);
    return said;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/**
 * @param only bugs whose name holds this text.
 * @param ended aborted when it is to stop before its time.
 * @returns whether every one of them was seen.
 */
export async function seekMemberBugs(
  only: string,
  say: (line: string) => void,
  ended: AbortSignal,
): Promise<boolean> {
  const bugs = MEMBER_BUGS.filter(({ name }) => name.includes(only));
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
        ? `NOT SEEN, ${seconds} s: ${bug.name}\n${said}`
        : `seen within ${seconds} s: ${bug.name}\n    ${seen}`,
    );
  }
  say(`${bugs.length} bounds taken away, ${missed} not seen`);
  return bugs.length > 0 && missed === 0;
}
