/** One program that a service manager would keep: started, killed at once, and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServiceOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Standard output and error go there. */
  readonly log: string;
  /** PostgreSQL refuses to run as root. */
  readonly uid?: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** Ended with this program, however it ends. */
const started = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

export class Service {
  readonly name: string;
  readonly #options: ServiceOptions;
  #process: ChildProcess | undefined;

  constructor(options: ServiceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#process?.pid : undefined;
  }

  get isRunning(): boolean {
    const process = this.#process;
    return process !== undefined && process.exitCode === null && process.signalCode === null;
  }

  /** Does nothing while it runs. */
  start(): void {
    if (this.isRunning) return;
    const { program, args, log, uid, env } = this.#options;
    const out = openSync(log, 'a');
    try {
      this.#process = spawn(program, [...args], {
        stdio: ['ignore', out, out],
        ...(uid === undefined ? {} : { uid, gid: uid }),
        ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
      });
      const child = this.#process;
      started.add(child);
      child.once('exit', () => started.delete(child));
    } finally {
      closeSync(out);
    }
  }

  /** Resolves when it is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const process = this.#process;
    if (process === undefined || !this.isRunning) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill(signal);
    await gone;
  }
}

const LOOK_MS = 1000;

/** Starts again what ended, as a service manager does. @param resting are left alone. */
export async function keepRunning(
  services: readonly Service[],
  resting: ReadonlySet<Service>,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await sleep(LOOK_MS);
    if (stop.aborted) return;
    for (const service of services) if (!resting.has(service)) service.start();
  }
}
