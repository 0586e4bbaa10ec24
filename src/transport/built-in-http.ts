/**
 * The parts of `node:http` that Keystair uses, obtained without importing it.
 *
 * An import reads every export of a built-in module, and reading this one's `WebSocket` loads Node's whole `fetch`: 30
 * ms of processor time in each command and each server, for something none of them uses.
 */
import type { AgentOptions } from 'node:http';

export const { Agent, createServer, request } = process.getBuiltinModule('node:http');

/** An agent that is given a name does not test whether the socket's name is an IPv6 address: the pattern for it takes 5 ms. */
const NAMED: AgentOptions & { readonly servername: string } = { servername: '' };

/** Sends a request to a Unix socket over a connection of its own. */
export function overSocket(path: string) {
  return { socketPath: path, agent: new Agent(NAMED) };
}
