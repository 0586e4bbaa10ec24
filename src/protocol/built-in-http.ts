/**
 * The parts of `node:http` that Keystair uses, had without importing it.
 *
 * An import reads every export of a built-in module, and one of this one's, `WebSocket`, loads Node's whole `fetch` when
 * it is read: 30 ms of processor time, in each command and each server, for what none of them uses.
 */
export const { Agent, createServer, request } = process.getBuiltinModule('node:http');
