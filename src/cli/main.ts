/**
 * The command line's wiring, and the only file that knows the server's and the agent's programs. Both are loaded when
 * a command asks for them.
 */
import { connectToServer } from './data-directory.ts';
import { agentCommands } from './commands/agent.ts';
import { devicesCommands } from './commands/devices.ts';
import { hierarchyCommands } from './commands/hierarchy.ts';
import { keysCommands } from './commands/keys.ts';
import { serverCommands } from './commands/server.ts';
import { runProgram } from './program.ts';
import { stopSignal } from './stop-signal.ts';
import { createTerminal } from './terminal.ts';

const NOUNS = {
  server: serverCommands,
  hierarchy: hierarchyCommands,
  keys: keysCommands,
  devices: devicesCommands,
  agent: agentCommands,
};

process.exitCode = await runProgram(process.argv.slice(2), NOUNS, ['login'], {
  terminal: createTerminal(process),
  connect: connectToServer,
  serverProgram: async () => {
    throw new Error('waiting');
  },
  agentProgram: async () => {
    throw new Error('waiting');
  },
  stopSignal,
});
