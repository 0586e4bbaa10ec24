/**
 * The parts of `node:http` that Keystair uses, had without importing it.
 *
 * An import reads every export of a built-in module, and one of this one's, `WebSocket`, loads Node's whole `fetch` when
 * it is read: 30 ms of processor time, in each command and each server, for what none of them uses.
 */
import type { AgentOptions } from 'node:http';

export const { Agent, createServer, request } = process.getBuiltinModule('node:http');

/** An agent that is told a name does not ask whether the socket's is an IPv6 address: the pattern for it takes 5 ms. */
const NAMED: AgentOptions & { readonly servername: string } = { servername: '' };

/** How a request goes to a Unix socket: over a connection of its own. */
export function overSocket(path: string) {
  return { socketPath: path, agent: new Agent(NAMED) };
}
