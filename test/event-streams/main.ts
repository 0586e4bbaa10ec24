/**
 * A thousand people who watch: what their event streams cost a server, over TLS, while things change, beyond what as
 * many connections cost it that were answered once and stay open.
 *
 *   npm run event-streams -- [--streams 1000]
 *
 * Exit code 1 where a stream was refused, one heard nothing of a change, or they cost more than their limit.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectToServer } from '#cli/data-directory.ts';
import { eventually } from '../support/eventually.ts';
import { startServer } from '../support/running-server.ts';
import { readingArguments, textsOf, wholeNumber } from '../support/tool-options.ts';

const MIB = 1024 * 1024;
const STREAMS_BYTES_MAX = 64 * MIB;
/** What one person may have open. */
const STREAMS_OF_ONE = 8;
const CHANGES = 40;
const STREAMS = 1000;

const streams = readingArguments(
  () => wholeNumber(textsOf({ streams: { type: 'string' } }), 'streams', { min: 1, max: STREAMS }) ?? STREAMS,
);
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const folder = mkdtempSync(join(tmpdir(), 'keystair-event-streams-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

type Held = 'connections' | 'streams';

interface Holder {
  heard: string;
  readonly close: () => void;
}

/** A connection that stays open: with an event stream, or with nothing more to say. */
function hold(held: Held, url: string, apiKey: string): Promise<Holder> {
  return new Promise((resolve, reject) => {
    // The certificate is the server's own, and only bytes are counted here. Each has a connection of its own.
    const agent = new Agent({ rejectUnauthorized: false, keepAlive: true });
    const path = held === 'streams' ? '/api/v1/events' : '/healthz';
    const headers = held === 'streams' ? { authorization: `Bearer ${apiKey}` } : {};
    const call = request(`${url}${path}`, { agent, headers }, (answer) => {
      if (answer.statusCode !== 200) return reject(new Error(`refused with ${answer.statusCode}`));
      const holder: Holder = { heard: '', close: () => agent.destroy() };
      answer.setEncoding('utf8').on('data', (text: string) => {
        holder.heard = (holder.heard + text).slice(-500);
      });
      answer.on('error', () => undefined);
      resolve(holder);
    });
    call.on('error', reject);
    call.end();
  });
}

/** By how much a server grew at the most while so many were held and things changed. */
async function growthOf(held: Held): Promise<number> {
  const data = join(folder, held);
  mkdirSync(data, { mode: 0o700 });
  const server = await startServer(data, ['--name', 'Watched', '--console', '127.0.0.1:0']);
  const kill = (): void => void server.process.kill('SIGKILL');
  process.once('exit', kill);
  const pid = server.process.pid!;
  const call = await connectToServer(data);
  const { console: url } = await call('serverStatus', {});
  const keys: string[] = [];
  for (let made = 0; made * STREAMS_OF_ONE < streams; made += 1) {
    const added = await call('addPerson', { name: `script ${made}`, roles: ['Auditor'], service: true });
    keys.push(added.apiKey!);
  }
  // What a first connection makes the server load is no cost of a stream.
  (await hold(held, url!, keys[0]!)).close();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = residentBytes(pid);
  const holders: Holder[] = [];
  for (let at = 0; at < streams; at += 1)
    holders.push(await hold(held, url!, keys[Math.floor(at / STREAMS_OF_ONE)]!));
  let most = residentBytes(pid);
  for (let change = 0; change < CHANGES; change += 1) {
    await call('changeSettings', { heartbeat: 600 + change });
    await new Promise((resolve) => setTimeout(resolve, 100));
    most = Math.max(most, residentBytes(pid));
  }
  if (held === 'streams')
    await eventually('every stream hears', () =>
      holders.every(({ heard }) => heard.includes('event: settings')),
    );
  const growth = Math.max(most, residentBytes(pid)) - before;
  for (const { close } of holders) close();
  await server.stop();
  process.off('exit', kill);
  return growth;
}

const connections = await growthOf('connections');
const watched = await growthOf('streams');
const cost = watched - connections;
say(`${streams} connections: ${Math.round(connections / MIB)} MiB more`);
say(
  `${streams} event streams: ${Math.round(watched / MIB)} MiB more, ${Math.round(cost / MIB)} of them for the streams`,
);
if (cost > STREAMS_BYTES_MAX) {
  say(`ABOVE the limit of ${STREAMS_BYTES_MAX / MIB} MiB`);
  process.exitCode = 1;
}
process.exit();
