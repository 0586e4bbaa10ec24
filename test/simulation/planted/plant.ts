/** Planting: a copy of the program with one bug in it, in which the simulation runs in a process of its own. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bug } from './bug.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface Found {
  /** The seed that found it, and which promise it broke; undefined when no seed did. */
  readonly seed: number | undefined;
  readonly rule: string | undefined;
  readonly sentence: string | undefined;
  readonly seeds: number;
}

type Edited = Pick<Bug, 'name' | 'edits'>;

/**
 * @param beside what is copied besides the program.
 * Throws where an edit does not fit the program any more.
 */
export function plant(bug: Edited, folder: string, beside: readonly string[]): void {
  for (const part of ['src', ...beside]) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, from, to } of bug.edits) {
    const path = join(folder, 'src', file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2) {
      throw new Error(`"${bug.name}" does not fit ${file} any more: ${parts.length - 1} places read ${from}`);
    }
    writeFileSync(path, parts.join(to));
  }
}

/** Whether the edits fit, without running anything. */
export function misfits(bug: Edited): string[] {
  return bug.edits.flatMap(({ file, from }) => {
    const places = readFileSync(join(ROOT, 'src', file), 'utf8').split(from).length - 1;
    return places === 1 ? [] : [`${bug.name}: ${places} places in ${file}`];
  });
}

/** A planted bug must be found within so many seeds, from the one that is known to find it. */
export const PLANTED_SEEDS_MAX = 20;

/** Runs so many seeds, or until one finds the bug. */
export async function seek(bug: Bug, seeds = PLANTED_SEEDS_MAX, from = bug.seed): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'keystair-planted-'));
  try {
    plant(bug, folder, ['test/simulation', 'test/support']);
    const main = join(folder, 'test/simulation/main.ts');
    const options = ['--seeds', String(seeds), '--from', String(from), '--first', '--json'];
    const printed = await new Promise<string>((resolve, reject) => {
      execFile(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', main, ...options],
        // What is compiled of this copy nobody runs again.
        { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' } },
        (error, stdout, stderr) => {
          // It exits with 1 when it finds something.
          if (stdout === '') reject(new Error(`${bug.name}: ${error?.message ?? ''} ${stderr}`));
          else resolve(stdout);
        },
      );
    });
    const document = JSON.parse(printed) as {
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
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
