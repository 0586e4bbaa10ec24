/** `keys export` and `keys import` as people run them, held and looked at in the middle. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Server } from './organisation.ts';
import { type Ran, startKeystair } from './run-keystair.ts';

export interface RunningCommand {
  readonly pid: number;
  readonly ended: Promise<Ran>;
}

/** A command about a server that is looked at while it runs. */
export function beginCommand(server: Server, args: readonly string[]): RunningCommand {
  const child = startKeystair([...args, '--data', server.data]);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk));
  const ended = once(child, 'close').then(([status, signal]) => ({
    status: status as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
    json: () => JSON.parse(Buffer.concat(stdout).toString('utf8')) as Record<string, unknown>,
  }));
  return { pid: child.pid!, ended };
}

export async function recipientOf(server: Server): Promise<string> {
  return (await server.call('serverStatus', {})).recipients.at(-1)!;
}

export interface RunningExport extends RunningCommand {
  readonly folder: string;
  readonly out: string;
}

/** Begins an export into a new folder, and returns when a part of the file is written. */
export async function beginExport(server: Server, folder: string, to: string): Promise<RunningExport> {
  mkdirSync(folder);
  const out = join(folder, 'out.age');
  const command = beginCommand(server, ['keys', 'export', '--out', out, '--to', to]);
  await eventually('a part of the file', () =>
    readdirSync(folder).some(
      (entry) => (statSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0) > 0,
    ),
  );
  return { ...command, folder, out };
}

export interface HeldImport extends RunningCommand {
  readonly target: Server;
  /** Lets the rest of the file through. */
  readonly finish: () => void;
}

/** An import whose file comes through a pipe, held back behind so many of its bytes. */
export function beginImport(target: Server, file: string, pipe: string, bytes: number): HeldImport {
  execFileSync('mkfifo', [pipe]);
  const command = beginCommand(target, ['keys', 'import', pipe, '--json']);
  const whole = readFileSync(file);
  const writer = createWriteStream(pipe);
  writer.on('error', () => undefined);
  writer.write(whole.subarray(0, bytes));
  return { ...command, target, finish: () => void writer.end(whole.subarray(bytes)) };
}
