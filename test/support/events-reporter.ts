/**
 * A reporter for Node's test runner: one JSON line as each test begins and ends, so that a file which is stopped
 * halfway still tells how far it came. Read by `run-test-file.ts`.
 */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import type { TestEvent } from 'node:test/reporters';

export type TestOutcome = 'passed' | 'failed' | 'cancelled' | 'skipped' | 'todo';

export type TestLine =
  | { readonly kind: 'begun'; readonly id: number; readonly parent: number; readonly name: string }
  | {
      readonly kind: 'ended';
      readonly id: number;
      readonly parent: number;
      readonly name: string;
      readonly suite: boolean;
      readonly outcome: TestOutcome;
      /** Why it was skipped, or how it failed; empty where its inner tests say so. */
      readonly text: string;
    }
  | {
      readonly kind: 'over';
      /** Spent by the file and by every process it started and waited for. */
      readonly processorMilliseconds: number;
    };

/** What the events carry beyond their declared types. */
interface EventIds {
  readonly testId?: number | undefined;
  readonly parentId?: number | undefined;
}

interface EndedTest extends EventIds {
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: {
    readonly type?: string | undefined;
    readonly error?: (Error & { readonly failureType?: string }) | undefined;
  };
}

function failureText(error: Error & { readonly failureType?: string }): string {
  if (error.failureType === 'subtestsFailed') return '';
  const cause: unknown = error.cause ?? error;
  return typeof cause === 'string' ? cause : inspect(cause, { depth: 8, breakLength: 100 });
}

function outcomeOf(data: EndedTest): { outcome: TestOutcome; text: string } {
  const { skip, todo, details } = data;
  if (skip !== undefined && skip !== false) return { outcome: 'skipped', text: skip === true ? '' : skip };
  if (todo !== undefined && todo !== false) return { outcome: 'todo', text: todo === true ? '' : todo };
  if (details.error === undefined) return { outcome: 'passed', text: '' };
  const cancelled = details.error.failureType === 'cancelledByParent';
  return { outcome: cancelled ? 'cancelled' : 'failed', text: failureText(details.error) };
}

/** Linux counts in hundredths of a second: own and awaited children's, in user and kernel mode (proc_pid_stat(5)). */
function processorMilliseconds(): number {
  if (process.platform !== 'linux') return process.cpuUsage().user / 1000;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // The name of the program may hold spaces; after its closing bracket stands the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

// The runner asks for a module's default export; this is the one place that has one.
// oxlint-disable-next-line import/no-default-export
export default async function* eventsReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const line = (value: TestLine): string => `${JSON.stringify(value)}\n`;
  for await (const event of source) {
    if (event.type === 'test:enqueue') {
      const { testId = 0, parentId = 0 } = event.data as EventIds;
      yield line({ kind: 'begun', id: testId, parent: parentId, name: event.data.name });
    } else if (event.type === 'test:complete') {
      const data: EndedTest = event.data;
      const suite = data.details.type === 'suite';
      const { testId = 0, parentId = 0 } = data;
      yield line({
        kind: 'ended',
        id: testId,
        parent: parentId,
        name: event.data.name,
        suite,
        ...outcomeOf(data),
      });
    } else if (event.type === 'test:summary') {
      yield line({ kind: 'over', processorMilliseconds: processorMilliseconds() });
    }
  }
}
