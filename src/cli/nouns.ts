/** The whole command table: every noun with its verbs, and the words that are named and not served yet. */
import type { Nouns } from './arguments.ts';
import { agentCommands } from './commands/agent.ts';
import { devicesCommands } from './commands/devices.ts';
import { hierarchyCommands } from './commands/hierarchy.ts';
import { keysCommands } from './commands/keys.ts';
import { serverCommands } from './commands/server.ts';

export const NOUNS: Nouns = {
  server: serverCommands,
  hierarchy: hierarchyCommands,
  keys: keysCommands,
  devices: devicesCommands,
  agent: agentCommands,
};

/** In the place of a noun: the contract names them, this release does not serve them. */
export const NOUNS_NOT_YET: readonly string[] = ['login'];
