/**
 * The organisation's processes: real servers, started, addressed through the command line, and stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const KEYSTAIR = resolve(import.meta.dirname, '..', 'bin', 'keystair');
export type ServerName = 'Headquarters' | 'Oslo' | 'Lyon';
/** Without TLS, so that no browser warns; on this machine only. */
const CONSOLE = ['--console', 'http://127.0.0.1:0'];
/** A server that is not ready by then is not going to be. */
const READY_MS_MAX = 15_000;
/** How long a heartbeat's worth of climbing is waited for. */
const CLIMB_MS_MAX = 10_000;

export class Failure extends Error {}

export interface Organisation {
  readonly folder: string;
  readonly stop: AbortSignal;
  readonly servers: Map<ServerName, ChildProcess>;
}

/** One command of the command line; its JSON document. What a person would type is what is run. */
export async function keystair(
  organisation: Organisation,
  args: readonly string[],
  stdin = '',
): Promise<Record<string, unknown>> {
  organisation.stop.throwIfAborted();
  // A group of its own: Ctrl-C is ours to handle, in our order.
  const child = spawn(KEYSTAIR, [...args, '--json'], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const onStop = (): void => void child.kill('SIGTERM');
  organisation.stop.addEventListener('abort', onStop, { once: true });
  child.stdin.end(stdin);
  const [out, messages, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.once('close', (code) => done(code))),
  ]);
  organisation.stop.removeEventListener('abort', onStop);
  organisation.stop.throwIfAborted();
  if (status !== 0) throw new Failure(`keystair ${args.join(' ')}\n${messages.trim()}`);
  return JSON.parse(out) as Record<string, unknown>;
}

export function dataOf(organisation: Organisation, server: ServerName): string {
  return join(organisation.folder, server.toLowerCase());
}

export function stateOf(organisation: Organisation, device: string): string {
  return join(organisation.folder, device);
}

/** Where members and people reach a server. */
export interface ServerAddresses {
  readonly listen: string;
  readonly console: string;
}

/** Starts a server process and waits for its ready line. */
async function startServer(organisation: Organisation, name: ServerName): Promise<ServerAddresses> {
  organisation.stop.throwIfAborted();
  const log = join(organisation.folder, `${name.toLowerCase()}.log`);
  const descriptor = openSync(log, 'a', 0o600);
  const args = ['server', 'start', '--data', dataOf(organisation, name), '--name', name, ...CONSOLE];
  const child = spawn(KEYSTAIR, args, { stdio: ['ignore', 'pipe', descriptor], detached: true });
  closeSync(descriptor);
  organisation.servers.set(name, child);
  const ready = new Promise<ServerAddresses>((done, fail) => {
    let line = '';
    child.stdout?.on('data', (piece: Buffer) => {
      line += piece.toString();
      if (line.includes('\n')) done(JSON.parse(line) as ServerAddresses);
    });
    child.once('exit', () => fail(new Failure(`the server ${name} did not start; its log: ${log}`)));
    setTimeout(
      () => fail(new Failure(`the server ${name} is not ready; its log: ${log}`)),
      READY_MS_MAX,
    ).unref();
  });
  return ready;
}

export async function startServers(
  organisation: Organisation,
): Promise<Readonly<Record<ServerName, ServerAddresses>>> {
  const [Headquarters, Oslo, Lyon] = await Promise.all([
    startServer(organisation, 'Headquarters'),
    startServer(organisation, 'Oslo'),
    startServer(organisation, 'Lyon'),
  ]);
  return { Headquarters, Oslo, Lyon };
}

/** SIGTERM drains a server; each is waited for. */
export async function stopServers(organisation: Organisation): Promise<void> {
  const ended = [...organisation.servers.values()].map(
    (child) =>
      new Promise<void>((done) => {
        if (child.exitCode !== null || child.signalCode !== null) return done();
        child.once('exit', () => done());
        child.kill('SIGTERM');
      }),
  );
  await Promise.all(ended);
}

export async function joinBranch(organisation: Organisation, name: ServerName): Promise<void> {
  const { invitation } = await keystair(organisation, [
    'hierarchy',
    'invite',
    '--data',
    dataOf(organisation, 'Headquarters'),
  ]);
  await keystair(
    organisation,
    ['hierarchy', 'join', '-', '--use-hierarchy', 'on', '--data', dataOf(organisation, name)],
    String(invitation),
  );
}

export async function enrolDevice(
  organisation: Organisation,
  server: ServerName,
  device: string,
): Promise<void> {
  const { invitation } = await keystair(organisation, [
    'devices',
    'invite',
    '--data',
    dataOf(organisation, server),
  ]);
  await keystair(
    organisation,
    ['agent', 'enrol', '-', '--name', device, '--state', stateOf(organisation, device)],
    String(invitation),
  );
}

/** Keys are transmitted at once; this waits until the root has them all. */
export async function waitForKeys(organisation: Organisation, count: number): Promise<void> {
  const until = performance.now() + CLIMB_MS_MAX;
  for (;;) {
    const status = await keystair(organisation, [
      'server',
      'status',
      '--data',
      dataOf(organisation, 'Headquarters'),
    ]);
    if (Number(status['keys']) >= count) return;
    if (performance.now() > until) throw new Failure('the keys did not reach Headquarters; look at the logs');
  }
}
