/**
 * Runs one test file in a process of its own and tells what became of each test. A file that does not end in its time
 * is killed with everything it started: Node's own timeout covers a test, but not a handle that a test left open.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestLine, TestOutcome } from './events-reporter.ts';

/** Where `bin/keystair` keeps what was compiled: each file loads most of the program. */
const NODE_COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/keystair');

export interface TestResult {
  /** Names of the tests around it and its own. */
  readonly path: readonly string[];
  readonly outcome: TestOutcome;
  readonly text: string;
}

export interface TestFileResult {
  readonly tests: readonly TestResult[];
  /** What is wrong with the file as a whole: it crashed, hung, or has no tests. */
  readonly fault: string | undefined;
  /** Everything the tests printed. */
  readonly printed: string;
  readonly milliseconds: number;
  /** None where the file did not end by itself. */
  readonly processorMilliseconds: number;
}

/** As our own programs are started: many a file loads all that they load. */
const ONE_LANGUAGE = join(import.meta.dirname, '../../src/cli/one-language.ts');
const REPORTER = join(import.meta.dirname, 'events-reporter.ts');

/** Reads the reporter's lines; a last line cut by a kill is left out. */
function readTestLines(text: string): {
  tests: TestResult[];
  unfinished: string[];
  over: boolean;
  processorMilliseconds: number;
} {
  const begun = new Map<number, { name: string; parent: number }>();
  const open = new Set<number>();
  const tests: TestResult[] = [];
  let over = false;
  let processorMilliseconds = 0;
  const pathOf = (id: number): string[] => {
    const found = begun.get(id);
    return found === undefined ? [] : [...pathOf(found.parent), found.name];
  };
  for (const line of text.split('\n').slice(0, -1)) {
    const event = JSON.parse(line) as TestLine;
    if (event.kind === 'over') {
      over = true;
      processorMilliseconds = event.processorMilliseconds;
    }
    if (event.kind !== 'over') begun.set(event.id, event);
    if (event.kind === 'begun') open.add(event.id);
    if (event.kind === 'ended') {
      open.delete(event.id);
      // A suite is only the sum of its tests, unless one of its hooks failed.
      if (!event.suite || event.text !== '') {
        tests.push({ path: pathOf(event.id), outcome: event.outcome, text: event.text });
      }
    }
  }
  const unfinished = [...open].map((id) => pathOf(id).join(' > '));
  return { tests, unfinished, over, processorMilliseconds };
}

function faultOf(
  timedOut: boolean,
  ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
  lines: ReturnType<typeof readTestLines>,
  millisecondsMax: number,
): string | undefined {
  if (timedOut) {
    const at =
      lines.unfinished.length > 0
        ? `in: ${lines.unfinished.join('; ')}`
        : 'after its last test: a handle is left open';
    return `killed after ${millisecondsMax / 1000} s ${at}`;
  }
  if (!lines.over && (ended.code !== 0 || lines.tests.length > 0)) {
    return `ended before its tests did (exit ${ended.code ?? ended.signal})`;
  }
  if (lines.tests.length === 0) return 'holds no tests';
  const failed = lines.tests.some(({ outcome }) => outcome === 'failed' || outcome === 'cancelled');
  if (ended.code !== 0 && !failed) return `exit ${ended.code ?? ended.signal} although no test failed`;
  return undefined;
}

export async function runTestFile(
  file: string,
  options: { readonly millisecondsMax: number },
): Promise<TestFileResult> {
  const { millisecondsMax } = options;
  const begunAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'keystair-test-'));
  try {
    const events = join(folder, 'events');
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        `--import=${ONE_LANGUAGE}`,
        `--test-reporter=${REPORTER}`,
        `--test-reporter-destination=${events}`,
        file,
      ],
      // A group of its own, so that servers a test started end with it.
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, NODE_COMPILE_CACHE } },
    );
    const printed: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is over already.
      }
    };
    process.once('exit', killGroup);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup();
    }, millisecondsMax);
    const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
      (resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, signal) => {
          // Whatever it left running holds the pipes open: a leak of the test, ended here.
          killGroup();
          child.once('close', () => resolve({ code, signal }));
        });
      },
    );
    clearTimeout(timer);
    process.off('exit', killGroup);
    const lines = readTestLines(await readFile(events, 'utf8').catch(() => ''));
    return {
      tests: lines.tests,
      fault: faultOf(timedOut, ended, lines, millisecondsMax),
      printed: Buffer.concat(printed).toString('utf8'),
      milliseconds: performance.now() - begunAt,
      processorMilliseconds: lines.processorMilliseconds,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
