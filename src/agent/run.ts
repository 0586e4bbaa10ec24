/** The agent as a service: a heartbeat every quarter of an hour, with jitter; sooner after a failure, with back-off. */
import { backOffMs, spreadMs } from '#domain/backoff.ts';
import { codeOf } from '#domain/errors.ts';
import { HEARTBEAT_INTERVAL_MS_DEFAULT } from '#domain/limits.ts';
import { heartbeat, problemWords } from './heartbeat.ts';
import type { AgentPorts } from './ports.ts';

export interface AgentLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export async function runAgent(ports: AgentPorts, log: AgentLog, stop: AbortSignal): Promise<void> {
  ports.state.requireDevice();
  let failures = 0;
  log.info({ event: 'started' }, 'the agent runs');
  while (!stop.aborted) {
    try {
      const { server, returned } = await heartbeat(ports, stop);
      failures = 0;
      log.info({ event: 'heartbeat', server: server.name, returned }, 'the server answered');
    } catch (error) {
      failures += 1;
      const because = problemWords(error);
      log.warn({ event: 'heartbeat-failed', code: codeOf(error), failures, because }, 'the heartbeat failed');
    }
    await sleep(waitMs(ports, failures), stop);
  }
  log.info({ event: 'stopped' }, 'the agent stopped');
}

function waitMs(ports: AgentPorts, failures: number): number {
  const fraction = Buffer.from(ports.random(4)).readUInt32BE(0) / 2 ** 32;
  return failures === 0 ? spreadMs(HEARTBEAT_INTERVAL_MS_DEFAULT, fraction) : backOffMs(failures, fraction);
}

function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(over, ms);
    function over(): void {
      clearTimeout(timer);
      stop.removeEventListener('abort', over);
      resolve();
    }
    stop.addEventListener('abort', over);
    if (stop.aborted) over();
  });
}
