/** The references as a run sees them: processes of their own, started and asked. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TlsCredentials } from '#transport/tls-context.ts';
import type { Workplace } from '../workplace.ts';
import type { PeopleReferenceOptions } from './people-reference.ts';
import type { ReferenceOptions } from './reference-server.ts';

const run = promisify(execFile);
/** The answer to a lookup of a volume key, about. */
const ANSWER_BYTES = 560;
/** A row of our table of keys: public fields, digest, chain value, ids, sealed material. */
const ROW_BYTES = 640;

export interface ReferenceServer {
  readonly address: string;
  readonly process: ChildProcess;
}

export function startReferenceServer(workplace: Workplace, leaf: TlsCredentials): Promise<ReferenceServer> {
  const database = workplace.place('reference.db');
  const options = { leaf, database, answerBytes: ANSWER_BYTES, rowBytes: ROW_BYTES };
  return startReference(workplace, './reference-server.ts', options);
}

/** The people's listener with nothing behind it. */
export function startPeopleReference(
  workplace: Workplace,
  options: PeopleReferenceOptions,
): Promise<ReferenceServer> {
  return startReference(workplace, './people-reference.ts', options);
}

async function startReference(
  workplace: Workplace,
  program: string,
  options: ReferenceOptions | PeopleReferenceOptions,
): Promise<ReferenceServer> {
  const file = workplace.place('reference.json');
  await writeFile(file, JSON.stringify(options), { mode: 0o600 });
  const path = fileURLToPath(new URL(program, import.meta.url));
  const started = workplace.keep(
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const [address] = (await once(createInterface(started.stdout!), 'line')) as string[];
  return { address: address!, process: started };
}

/** Rows a second of `durable` inserts one by one, or of a `load` of rows like ours. */
export async function rawRowsASecond(
  workplace: Workplace,
  mode: 'durable' | 'load',
  rows: number,
): Promise<number> {
  const program = fileURLToPath(new URL('./raw-rows.ts', import.meta.url));
  const database = workplace.place('raw.db');
  const { stdout } = await run(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    program,
    mode,
    database,
    String(rows),
    String(ROW_BYTES),
  ]);
  await Promise.all(['', '-wal', '-shm'].map((end) => rm(database + end, { force: true })));
  return Number(stdout);
}
