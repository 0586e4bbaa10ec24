/**
 * The command line's wiring, and the only file that knows the server's and the agent's programs. Both are loaded when
 * a command asks for them.
 */
import { connectToServer } from './data-directory.ts';
import { NOUNS, NOUNS_NOT_YET } from './nouns.ts';
import { runProgram } from './program.ts';
import { stopSignal } from './stop-signal.ts';
import { createTerminal } from './terminal.ts';

process.exitCode = await runProgram(process.argv.slice(2), NOUNS, NOUNS_NOT_YET, {
  terminal: createTerminal(process),
  connect: connectToServer,
  serverProgram: () => import('#server/main.ts'),
  agentProgram: async () => {
    throw new Error('waiting');
  },
  stopSignal,
});
