/**
 * The machines' protocol over mutual TLS: what `createMachineCalls` sends through.
 */
import type { Send } from '#protocol/machine-calls.ts';
import type { MachineClient } from './machine-client.ts';

export function machineSend(client: MachineClient): Send {
  return async ({ path, headers, body, signal, timeoutMs, maxBytes, idempotent, renewalOnly }) => {
    const answer = await client.request({
      method: 'POST',
      path,
      headers,
      body,
      signal,
      timeoutMs,
      idempotent,
      renewalOnly,
    });
    return { status: answer.status, headers: answer.headers, body: await answer.body(maxBytes) };
  };
}
