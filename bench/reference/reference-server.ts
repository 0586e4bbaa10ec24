/**
 * What our server is compared with: a server of the same TLS, the same framework and the same limits, whose handlers
 * do as little as can be. `/empty` answers a constant; `/insert` makes one row of the size of ours durable, with the
 * same grouping of commits. A process of its own.
 *
 * Started with one argument, a JSON file: credentials, directory and sizes.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import fastify from 'fastify';
import { REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { machineTlsOptions } from '#transport/machine-listener.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { openRawTable } from './raw-table.ts';

export interface ReferenceOptions {
  readonly leaf: TlsCredentials;
  readonly database: string;
  /** Bytes of a constant answer, and of a row. */
  readonly answerBytes: number;
  readonly rowBytes: number;
}

const options = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as ReferenceOptions;
const server = createServer(machineTlsOptions(options.leaf));
const app = fastify({
  serverFactory: (handler) => server.on('request', handler),
  bodyLimit: REQUEST_BYTES_MAX,
  forceCloseConnections: true,
  exposeHeadRoutes: false,
});
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
  done(null, JSON.parse(body as string)),
);

const answer = { outcome: 'reference', padding: 'x'.repeat(options.answerBytes) };

app.post('/empty', (_request, reply) => {
  reply
    .code(200)
    .header('content-type', 'application/json')
    .header(PROTOCOL_HEADER, String(PROTOCOL_VERSION))
    .send(JSON.stringify(answer));
});

const table = openRawTable(options.database);
const row = randomBytes(options.rowBytes);
let waiting: (() => void)[] = [];

/** All inserts of one turn of the event loop share one commit, as in our store. */
function commitTurn(): void {
  const group = waiting;
  waiting = [];
  table.begin();
  for (let at = 0; at < group.length; at += 1) table.insert(row);
  table.commit();
  for (const resolve of group) resolve();
}

app.post('/insert', async (_request, reply) => {
  await new Promise<void>((resolve) => {
    if (waiting.length === 0) setImmediate(commitTurn);
    waiting.push(resolve);
  });
  return reply
    .code(200)
    .header('content-type', 'application/json')
    .header(PROTOCOL_HEADER, String(PROTOCOL_VERSION))
    .send(JSON.stringify(answer));
});

await app.ready();
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
