/** `keys export` and `keys import` as people run them, held and looked at in the middle. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inSteps } from './in-steps.ts';
import { holdBack } from './held-pipe.ts';
import type { Server } from './organisation.ts';
import { beginKeystair, type RunningCommand } from './run-keystair.ts';

/** A command about a server that is looked at while it runs. */
export function beginCommand(server: Server, args: readonly string[]): RunningCommand {
  return beginKeystair([...args, '--data', server.data]);
}

export async function recipientOf(server: Server): Promise<string> {
  return (await server.call('serverStatus', {})).recipients.at(-1)!;
}

export interface RunningExport extends RunningCommand {
  readonly folder: string;
  readonly out: string;
}

/** Begins an export to `out.age` in a folder, and returns when a part of the file is written; the server stands. */
export async function beginExport(
  server: Server,
  folder: string,
  to: string,
  more: readonly string[] = [],
): Promise<RunningExport> {
  mkdirSync(folder, { recursive: true });
  const out = join(folder, 'out.age');
  const command = beginCommand(server, ['keys', 'export', '--out', out, '--to', to, ...more]);
  await inSteps(server.pid, 'a part of the file', () =>
    readdirSync(folder).some(
      (entry) =>
        entry.endsWith('.partial') &&
        (statSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0) > 0,
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
  const { finish } = holdBack(file, pipe, bytes);
  return { ...beginCommand(target, ['keys', 'import', pipe, '--json']), target, finish };
}
