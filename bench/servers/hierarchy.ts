/** Servers joined to a tree as people do it: by invitation, through the API of the local socket. */
import type { Workplace } from '../workplace.ts';
import { makeRepository, type MadeRepository } from './make-repository.ts';
import { type ServerProcess, startServer } from './server-process.ts';

export async function joinHierarchy(primary: ServerProcess, secondary: ServerProcess): Promise<void> {
  const { invitation } = await primary.people('inviteSecondary', {});
  await secondary.people('joinHierarchy', { invitation });
}

export interface ChainServer {
  readonly made: MadeRepository;
  readonly server: ServerProcess;
}

/** Servers one above another with the hierarchy option on, the root first. */
export async function startChain(
  workplace: Workplace,
  levels: readonly { readonly name: string; readonly keys: number; readonly devices: number }[],
): Promise<readonly ChainServer[]> {
  const chain: ChainServer[] = [];
  for (const level of levels) {
    const made = await makeRepository({ data: workplace.place(level.name), useHierarchy: true, ...level });
    const server = await startServer(workplace, made.data);
    const above = chain.at(-1);
    if (above !== undefined) {
      await joinHierarchy(above.server, server);
      await server.people('heartbeatNow', {});
    }
    chain.push({ made, server });
  }
  return chain;
}
