/**
 * What a command receives: the way to a server, the two other programs behind ports, and the terminal. Commands take
 * everything from here, so that only `main.ts` knows the implementations, and a small command loads no program that it
 * does not need.
 */
import type { PeopleClient } from '#transport/people/people-client.ts';
import type { TransferClient } from '#transport/people/transfer-client.ts';
import type { AgentProgram } from '#protocol/agent-program.ts';
import type { Places, ServerAddress } from './places.ts';
import type { ServerProgram } from '#protocol/server-program.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  readonly terminal: Terminal;
  readonly places: Places;
  /** A call of the server there; throws `server-not-running`, `server-unreachable` where it does not answer. */
  readonly connect: (server: ServerAddress) => Promise<PeopleClient>;
  /** The same server's calls through which export files leave and enter it. */
  readonly connectTransfers: (server: ServerAddress) => Promise<TransferClient>;
  readonly serverProgram: () => Promise<ServerProgram>;
  readonly agentProgram: () => Promise<AgentProgram>;
  /** Aborted by SIGINT, SIGTERM and SIGHUP from this call on; the second of the first two kills. */
  readonly stopSignal: () => AbortSignal;
}
