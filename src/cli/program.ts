/**
 * One run of the command line: parse, run, write, and the exit code. 0 done, 1 refused or failed with one line on
 * standard error, 2 wrong usage. Standard output stays empty at 1 and 2, except where a failed outcome still has a
 * document.
 */
import type { KeystairError } from '#domain/errors.ts';
import { PROGRAM_VERSION } from '#protocol/version.ts';
import type { Nouns } from './command.ts';
import { parseArguments, type Task } from './arguments.ts';
import type { Context } from './context.ts';
import { failureLine, failureOf, failureTrace } from './failure.ts';
import { writeOutcome } from './output.ts';
import { UsageError } from './usage-error.ts';

export type ExitCode = 0 | 1 | 2;

/** @param notYet words in a noun's place that this release does not serve. */
export async function runProgram(
  args: readonly string[],
  nouns: Nouns,
  notYet: readonly string[],
  context: Context,
): Promise<ExitCode> {
  const { task, json, debug } = parseArguments(args, nouns, notYet, context.places);
  const { terminal } = context;
  const sayLines = (text: string): void => text.split('\n').forEach((line) => terminal.say(line));
  try {
    const failure = await runTask(task, json, context);
    if (failure === undefined) return 0;
    terminal.say(failureLine(failure));
    return 1;
  } catch (error) {
    const failure = failureOf(error);
    terminal.say(failureLine(failure));
    if (debug) sayLines(failureTrace(failure));
    const wrongUsage = failure instanceof UsageError || failure.code === 'not-available-yet';
    if (!wrongUsage) return 1;
    if (task.kind === 'wrong-usage' || task.kind === 'run') sayLines(task.usage);
    return 2;
  }
}

/** @returns the failure of a command that failed and still has something to show. */
async function runTask(task: Task, json: boolean, context: Context): Promise<KeystairError | undefined> {
  const { terminal } = context;
  if (task.kind === 'wrong-usage') throw task.error;
  if (task.kind === 'run') {
    const outcome = await task.run(context);
    await writeOutcome(terminal, outcome, json);
    return outcome.failure;
  }
  if (task.kind === 'help') await terminal.print(`${task.text}\n`);
  else
    await terminal.print(json ? `${JSON.stringify({ version: PROGRAM_VERSION })}\n` : `${PROGRAM_VERSION}\n`);
  return undefined;
}
