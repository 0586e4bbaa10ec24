/**
 * The command line's wiring, and the only file that knows the server's and the agent's programs. Both are loaded when a
 * command needs them.
 */
import './one-language.ts';
import { standardInput, standardOutput } from '#disk/standard-streams.ts';
import { connectAround } from './connect.ts';
import { environment } from './environment.ts';
import { failureLine, failureOf, failureTrace } from './failure.ts';
import { loadNounsFor, NOUNS_NOT_YET } from './nouns.ts';
import { readable } from '#domain/name.ts';
import { placesOf } from './places.ts';
import { runProgram } from './program.ts';
import { outliveTerminal, stopSignal } from './stop-signal.ts';
import { createTerminal } from './terminal.ts';

// A defect that no command awaited still ends like every failure: one line, exit 1.
process.on('uncaughtException', (error) => {
  const failure = failureOf(error);
  const lines = [
    failureLine(failure),
    ...(process.argv.includes('--debug') ? failureTrace(failure).split('\n').map(readable) : []),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
});

outliveTerminal();
const args = process.argv.slice(2);
const terminal = createTerminal(
  { stdin: standardInput(), stdout: standardOutput(), stderr: process.stderr },
  environment,
);
const places = placesOf(environment);
process.exitCode = await runProgram(args, await loadNounsFor(args), NOUNS_NOT_YET, {
  terminal,
  places,
  ...connectAround({ terminal, places }),
  serverProgram: () => import('#server/main.ts'),
  agentProgram: () => import('#agent/main.ts'),
  stopSignal,
});
