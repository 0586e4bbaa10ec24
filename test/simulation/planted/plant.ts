/** Planting: a copy of the program with one bug in it, in which a campaign runs in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceFile } from '#test/house/source-text.ts';
import type { Bug } from './bug.ts';
import { withFault } from './place-fault.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface Found {
  /** The seed that found it, and which promise it broke; undefined when no seed did. */
  readonly seed: number | undefined;
  readonly rule: string | undefined;
  readonly sentence: string | undefined;
  readonly seeds: number;
}

/** All of the tests, a few megabytes: which of them import one another changes by the day. */
const COPIED = ['bin', 'src', 'test', 'package.json'];

type Faulty = Pick<Bug, 'name' | 'faults'>;

/** What bugs are planted in. */
export function readProgram(): readonly SourceFile[] {
  return globSync('**/*.ts', { cwd: join(ROOT, 'src') })
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, 'src', path), 'utf8') }));
}

/** The files that the bug changes, as they are with it. Throws where a fault does not fit the program any more. */
function plantedIn(program: readonly SourceFile[], { name, faults }: Faulty): readonly SourceFile[] {
  try {
    const planted = faults.reduce(withFault, program);
    const changed = planted.filter((file) => !program.includes(file));
    for (const { text } of changed) stripTypeScriptTypes(text);
    return changed;
  } catch (cause) {
    throw new Error(`"${name}" does not fit the program: ${(cause as Error).message}`, { cause });
  }
}

/** Throws where a fault does not fit the program any more. */
function plant(bug: Faulty, folder: string): void {
  for (const part of COPIED) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const { path, text } of plantedIn(readProgram(), bug)) writeFileSync(join(folder, 'src', path), text);
  keepCompiledIn(folder);
}

/** What is compiled of a copy is of use to nobody after it, and node_modules are not the copy's own. */
function keepCompiledIn(folder: string): void {
  const launcher = join(folder, 'bin/keystair');
  const text = readFileSync(launcher, 'utf8');
  writeFileSync(launcher, text.replace('node_modules/.cache', 'compiled'));
}

/** What keeps the bug from being planted, without running anything. */
export function misfits(bug: Faulty, program: readonly SourceFile[]): string[] {
  try {
    plantedIn(program, bug);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** A planted bug must be found within so many seeds, from the one that is known to find it. */
export const PLANTED_SEEDS_MAX = 20;

/** How a program of the planted copy ended, and all it said. */
interface RunOfCopy {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program of the tests in a copy with the bug in it. What it puts into the temporary folder is cleared away with
 * the copy.
 *
 * @param ended aborted when it is to stop: the program ends what it started, and only then its copy goes.
 */
export async function runInCopy(
  bug: Faulty,
  program: string,
  options: readonly string[],
  ended?: AbortSignal,
): Promise<RunOfCopy> {
  const folder = mkdtempSync(join(tmpdir(), 'keystair-planted-'));
  try {
    plant(bug, folder);
    const args = ['--disable-warning=ExperimentalWarning', join(folder, program), ...options];
    const child = spawn(process.execPath, args, {
      // What is compiled of this copy nobody runs again; its commands see to their own.
      env: { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = (): boolean => child.kill('SIGTERM');
    ended?.addEventListener('abort', end);
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
    const [code] = (await once(child, 'close')) as (number | null)[];
    ended?.removeEventListener('abort', end);
    return { code: code ?? null, ...said };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Runs so many seeds, or until one finds the bug. */
export async function seek(
  bug: Bug,
  seeds = PLANTED_SEEDS_MAX,
  from = bug.seed,
  ended?: AbortSignal,
): Promise<Found> {
  const options = ['--seeds', String(seeds), '--from', String(from), '--first', '--json'];
  if (bug.processes !== undefined) options.push('--processes', String(bug.processes));
  const { code, stdout, stderr } = await runInCopy(bug, 'test/simulation/main.ts', options, ended);
  // It exits with 1 when it finds something.
  if (ended?.aborted === true) return { seed: undefined, rule: undefined, sentence: undefined, seeds: 0 };
  if (stdout === '') throw new Error(`${bug.name}: it ended with ${code}: ${stderr}`);
  const document = JSON.parse(stdout) as {
    seeds: number;
    violations: { seed: number; violations: { rule: string; sentence: string }[] }[];
  };
  const [first] = document.violations;
  return {
    seeds: document.seeds,
    seed: first?.seed,
    rule: first?.violations[0]?.rule,
    sentence: first?.violations[0]?.sentence,
  };
}
