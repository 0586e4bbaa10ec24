/**
 * Somebody else's receiver: Debian's rsyslog, over TLS with certificates at both ends. It takes apart what we send, and
 * what it wrote down is the log. It is killed while events come, and has every one of them afterwards.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { createAuditReceivers } from '#server/audit-receivers.ts';
import { Forwarding } from '#server/forwarding/forwarding.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { toolPath, unlessInstalled } from '#test/agent/system-tools.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';
import { freePort } from '#test/support/free-port.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { makeMember, openOffice } from '#test/transport/office.ts';

const skip = unlessInstalled('rsyslogd');
const inFolder = temporaryFolder('rsyslog');
let server: ServerInProcess;
let port: number;
let running: ChildProcess | undefined;

function file(name: string, text: string): string {
  writeFileSync(inFolder(name), text, { mode: 0o600 });
  return inFolder(name);
}

async function start(): Promise<void> {
  const child = spawn(toolPath('rsyslogd')!, ['-n', '-f', inFolder('conf'), '-i', inFolder('pid')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running = child;
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually('rsyslog listens', () => {
    assert.equal(child.exitCode, null, said);
    return new Promise<boolean>((resolve) => {
      const tried = spawn(process.execPath, [
        '-e',
        `require('node:net').connect(${port},'127.0.0.1').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))`,
      ]);
      tried.once('exit', (code) => resolve(code === 0));
    });
  });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const child = running;
  running = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

before(async () => {
  if (skip !== false) return;
  const now = Date.now();
  const office = await openOffice(now);
  const badge = await makeMember(office, now);
  port = await freePort();
  mkdirSync(inFolder('work'));
  const ca = file('ca.pem', office.authority.certificatePem);
  file(
    'conf',
    `global(workDirectory="${inFolder('work')}" maxMessageSize="64k"
      defaultNetstreamDriverCAFile="${ca}"
      defaultNetstreamDriverCertFile="${file('cert.pem', office.credentials.certificatePem)}"
      defaultNetstreamDriverKeyFile="${file('key.pem', office.credentials.privateKeyPem)}")
    module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
    input(type="imtcp" port="${port}" address="127.0.0.1")
    template(name="parts" type="string"
      string="%protocol-version%|%syslogfacility-text%|%syslogseverity-text%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
    action(type="omfile" file="${inFolder('received')}" template="parts" asyncWriting="off")
    `,
  );
  server = await openServer('Oslo', { heartbeats: false });
  const settings = {
    name: 'siem',
    kind: 'syslog',
    host: '127.0.0.1',
    port,
    format: 'keystair',
    from: 'beginning',
    caFile: ca,
    certificateFile: file('ours.pem', badge.credentials.certificatePem),
    keyFile: file('our-key.pem', badge.credentials.privateKeyPem),
  } as const;
  const { name, repository, store, clock } = server;
  const forwarding = new Forwarding(
    {
      ...repository,
      store,
      clock,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      timers: {
        after: (ms, call) => {
          const timer = setTimeout(call, ms);
          return () => clearTimeout(timer);
        },
      },
    },
    createAuditReceivers([settings], { server: name, clock, host: 'oslo.example' }),
  );
  forwarding.start((listener) => {
    const timer = setInterval(listener, 20);
    return () => clearInterval(timer);
  });
  atTheEnd(async () => {
    await forwarding.stop();
    await end('SIGKILL');
  });
});

async function add(lines: number): Promise<void> {
  await server.store.write((transaction) =>
    server.repository.audit.append(
      transaction,
      Array.from({ length: lines }, () => ({
        event: 'recovery-started' as const,
        by: 'server',
        primary: 'é 東\n]"\\',
      })),
    ),
  );
}

interface Received {
  readonly head: string;
  readonly data: string;
  readonly number: number;
  readonly event: string;
}

function received(): Received[] {
  if (!existsSync(inFolder('received'))) return [];
  return readFileSync(inFolder('received'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [version, facility, severity, app, id, data = '', ...rest] = line.split('|');
      const { number, event } = JSON.parse(rest.join('|')) as { number: number; event: object };
      return {
        head: [version, facility, severity, app, id].join(' '),
        data,
        number,
        event: JSON.stringify(event),
      };
    });
}

void test('rsyslog takes every event apart as we meant it', { skip }, async () => {
  await start();
  await add(150);
  const rows = await server.store.reader.auditAfter(0, 1000);
  await eventually('all came', () => received().length >= rows.length);
  const all = received();
  assert.deepEqual(
    all.map(({ event }) => event),
    rows.map(({ event }) => event),
  );
  const last = all.at(-1)!;
  assert.equal(last.head, '1 audit notice keystair recovery-started');
  assert.match(
    last.data,
    new RegExp(`^\\[origin software="keystair" .*\\[meta sequenceId="${last.number}"\\]$`),
  );
});

void test('rsyslog is killed while events come, and has all of them in the end', { skip }, async () => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
    for (let more = 0; more < 10; more += 1) await add(20);
    await end(signal);
    await add(20);
    await start();
  }
  const { seq } = await server.store.reader.auditHead();
  await eventually('the last came', () => received().at(-1)?.number === seq);
  const numbers = [...new Set(received().map(({ number }) => number))];
  assert.deepEqual(
    numbers.toSorted((one, other) => one - other),
    Array.from({ length: seq }, (_, at) => at + 1),
  );
});
