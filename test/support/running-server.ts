/** A server as people run it: a process of its own, ready when it says so. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startKeystair } from './run-keystair.ts';

export interface RunningServer {
  readonly server: { readonly id: string; readonly name: string };
  /** HOST:PORT where devices and secondaries connect. */
  readonly listen: string;
  readonly data: string;
  readonly process: ChildProcess;
  /** SIGTERM; resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
  /** What it wrote to standard error so far. */
  readonly log: () => string;
}

/** A server that ended before it was ready. */
export class NotReady extends Error {
  readonly pid: number;
  readonly code: number | null;
  /** What it wrote to standard error. */
  readonly log: string;

  constructor(pid: number, code: number | null, log: string) {
    super(`the server ended with ${code} before it was ready:\n${log}`);
    this.pid = pid;
    this.code = code;
    this.log = log;
  }
}

/**
 * Throws `NotReady`.
 *
 * @param args besides `--data`, for instance `--name`. Port 0 unless they say otherwise.
 * @param options a program and its arguments, under which the server runs; who is told of the process at once.
 */
export async function startServer(
  data: string,
  args: readonly string[] = [],
  options: {
    readonly under?: readonly string[];
    readonly onProcess?: (started: ChildProcess) => void;
  } = {},
): Promise<RunningServer> {
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const child = startKeystair(['server', 'start', '--data', data, ...listen, ...args], options);
  options.onProcess?.(child);
  const log: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => log.push(chunk));
  const text = (): string => Buffer.concat(log).toString('utf8');
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  const line = await Promise.race([
    once(createInterface(child.stdout!), 'line').then(([first]: string[]) => first ?? ''),
    ended.then((code) => {
      throw new NotReady(child.pid!, code, text());
    }),
  ]);
  const ready = JSON.parse(line) as Pick<RunningServer, 'server' | 'listen'>;
  return {
    server: ready.server,
    listen: ready.listen,
    data,
    process: child,
    stop: async () => {
      child.kill('SIGTERM');
      return await ended;
    },
    log: text,
  };
}
