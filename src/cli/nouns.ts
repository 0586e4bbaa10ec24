/** The whole command table: every noun with its verbs, and the words that are named but not served yet. */
import type { Noun, Nouns } from './command.ts';
import { nounIn } from './arguments.ts';

/** A noun's commands are loaded on demand: a command does not need those of other nouns. */
const LOADERS: Readonly<Record<string, () => Promise<Noun>>> = {
  server: async () => (await import('./commands/server.ts')).serverCommands,
  hierarchy: async () => (await import('./commands/hierarchy.ts')).hierarchyCommands,
  keys: async () => (await import('./commands/keys.ts')).keysCommands,
  devices: async () => (await import('./commands/devices.ts')).devicesCommands,
  groups: async () => (await import('./commands/groups.ts')).groupsCommands,
  policies: async () => (await import('./commands/policies.ts')).policiesCommands,
  approvals: async () => (await import('./commands/approvals.ts')).approvalsCommands,
  people: async () => (await import('./commands/people.ts')).peopleCommands,
  roles: async () => (await import('./commands/roles.ts')).rolesCommands,
  sessions: async () => (await import('./commands/sessions.ts')).sessionsCommands,
  login: async () => (await import('./commands/login.ts')).loginCommand,
  logout: async () => (await import('./commands/login.ts')).logoutCommand,
  whoami: async () => (await import('./commands/login.ts')).whoamiCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommands,
  agent: async () => (await import('./commands/agent.ts')).agentCommands,
  completion: async () => (await import('./commands/completion.ts')).completionCommands(loadNouns),
};

/** In a noun's place: the contract names them, this release does not serve them. */
export const NOUNS_NOT_YET: readonly string[] = [];

export async function loadNouns(names: readonly string[] = Object.keys(LOADERS)): Promise<Nouns> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await LOADERS[name]!()] as const)),
  );
}

/** The part of the table that reads these arguments: the noun they name, or all where they name none. */
export async function loadNounsFor(args: readonly string[]): Promise<Nouns> {
  const named = nounIn(args);
  return loadNouns(named !== undefined && Object.hasOwn(LOADERS, named) ? [named] : undefined);
}
