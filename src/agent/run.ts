/**
 * The agent as a service: a heartbeat every quarter of an hour, with jitter; sooner after a failure, with back-off. And
 * removable drives, as they are plugged in.
 */
import { backOffMs, spreadMs } from '#domain/backoff.ts';
import { codeOf } from '#domain/errors.ts';
import { HEARTBEAT_INTERVAL_MS_DEFAULT } from '#domain/limits.ts';
import { heartbeat, problemWords } from './heartbeat.ts';
import type { AgentLog, AgentPorts, ServiceOptions } from './ports.ts';
import { meetRemovableDrives } from './removable/removable-drives.ts';

/** Resolves when it was stopped. */
export async function runAgent(ports: AgentPorts, log: AgentLog, options: ServiceOptions): Promise<void> {
  ports.state.requireDevice();
  log.info({ event: 'started' }, 'the agent runs');
  await Promise.all([sendHeartbeats(ports, log, options.stop), meetRemovableDrives(ports, log, options)]);
  log.info({ event: 'stopped' }, 'the agent stopped');
}

async function sendHeartbeats(ports: AgentPorts, log: AgentLog, stop: AbortSignal): Promise<void> {
  let failures = 0;
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
