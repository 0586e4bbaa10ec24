/** A server as customers run it: a process of its own, started through the launcher. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { createPeopleClient, type PeopleClient } from '#transport/people/people-client.ts';
import { socketConnection } from '#transport/people/socket-connection.ts';
import type { Workplace } from '../workplace.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/keystair');
/** What the launcher runs, for a run that is profiled. */
const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');
/** A few devices hand over here what a thousand would. */
const CONFIGURATION = {
  budgets: {
    deviceRecordsAnHour: 1e9,
    deviceBytesAnHour: 1e12,
    deviceCallsAnHour: 1e9,
    secondaryCallsAnHour: 1e9,
    heartbeatsAnHour: 1e9,
  },
};
const STOP_MS_MAX = 20_000;

export interface ServerProcess {
  /** HOST:PORT for machines. */
  readonly address: string;
  /** HOST:PORT for people on the network, over TLS. */
  readonly console: string;
  readonly data: string;
  readonly process: ChildProcess;
  readonly people: PeopleClient;
  /** SIGTERM; throws unless it ended with 0. */
  stop(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): Promise<void>;
}

export async function startServer(workplace: Workplace, data: string): Promise<ServerProcess> {
  const config = workplace.place('config.json');
  writeFileSync(config, JSON.stringify(CONFIGURATION));
  const args = [
    'server',
    'start',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--console',
    '127.0.0.1:0',
    '--config',
    config,
  ];
  const [command, ...before] =
    workplace.profile === undefined
      ? [LAUNCHER]
      : [
          process.execPath,
          '--disable-warning=ExperimentalWarning',
          '--cpu-prof',
          `--cpu-prof-dir=${workplace.profile}`,
          PROGRAM,
        ];
  const started = workplace.keep(spawn(command, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
  let log = '';
  started.stderr!.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-4000);
  });
  const ended = once(started, 'exit').then(([code]: (number | null)[]) => code ?? null);
  const line = await Promise.race([
    once(createInterface(started.stdout!), 'line').then(([first]: string[]) => first ?? ''),
    ended.then((code) => {
      throw new Error(`a server ended with ${code} before it was ready:\n${log}`);
    }),
  ]);
  const { listen, console } = JSON.parse(line) as { listen: string; console: string };
  return {
    address: listen,
    console: new URL(console).host,
    data,
    process: started,
    people: createPeopleClient(
      socketConnection({ socketPath: join(data, 'keystair.sock'), dataDirectory: data }),
    ),
    async stop() {
      const timer = setTimeout(() => started.kill('SIGKILL'), STOP_MS_MAX);
      started.kill('SIGTERM');
      const code = await ended;
      clearTimeout(timer);
      if (code !== 0) throw new Error(`a server ended with ${code}:\n${log}`);
    },
    async kill() {
      started.kill('SIGKILL');
      await ended;
    },
  };
}

/** A look into a server's database beside it: at what is committed, which is a moment ahead of what is flushed. */
export interface Look {
  readonly keys: () => { readonly count: number; readonly chain: string };
  /** SHA-256 over ids and digests in order of id: the same for the same keys, in whatever order they came. */
  readonly digestOfKeys: () => string;
  readonly has: (id: string) => boolean;
  /** Lines of the audit log that hold this text, numbered above `after`. */
  readonly auditLines: (text: string, after: number) => number;
  /** How often the audit log, above `after`, tells that a key was given: in lines of their own, and in counts. */
  readonly provisions: (after: number) => number;
  readonly auditHead: () => number;
  close(): void;
}

export function lookInto(data: string): Look {
  const database = new DatabaseSync(join(data, 'keystair.db'), { readOnly: true, timeout: 2000 });
  const head = database.prepare('SELECT seq, hex(chain) AS chain FROM keys ORDER BY seq DESC LIMIT 1');
  const inOrderOfId = database.prepare('SELECT id, digest FROM keys ORDER BY id');
  const byId = database.prepare('SELECT 1 FROM keys WHERE id = ?');
  const lines = database.prepare('SELECT count(*) AS lines FROM audit WHERE seq > ? AND instr(event, ?) > 0');
  const provisions = database.prepare(
    `SELECT coalesce(sum(CASE event ->> 'event' WHEN 'key-provided' THEN 1 ELSE event ->> 'count' END), 0) AS told
     FROM audit WHERE seq > ? AND event ->> 'event' IN ('key-provided', 'provisions-counted')`,
  );
  const auditHead = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM audit');
  return {
    keys() {
      const row = head.get() as { seq: number; chain: string } | undefined;
      return { count: row?.seq ?? 0, chain: row?.chain ?? '' };
    },
    digestOfKeys() {
      const digest = createHash('sha256');
      for (const row of inOrderOfId.iterate() as Iterable<{ id: Uint8Array; digest: Uint8Array }>) {
        digest.update(row.id).update(row.digest);
      }
      return digest.digest('hex');
    },
    has: (id) => byId.get(Buffer.from(id.replaceAll('-', ''), 'hex')) !== undefined,
    auditLines: (text, after) => (lines.get(after, text) as { lines: number }).lines,
    provisions: (after) => (provisions.get(after) as { told: number }).told,
    auditHead: () => (auditHead.get() as { seq: number }).seq,
    close: () => database.close(),
  };
}
