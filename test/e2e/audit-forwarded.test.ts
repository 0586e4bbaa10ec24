/**
 * The audit log of a real server, forwarded to a file, a receiver of syslog and a webhook: all of it, through a rotation,
 * an outage and a kill, and nothing secret in it.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, test } from 'node:test';
import { AUDIT } from '#test/sentences/audit.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Json, organisation, type Server } from '#test/support/organisation.ts';
import { type Office, openOffice } from '#test/transport/office.ts';
import { type SyslogReceiver, syslogReceiver } from '#test/transport/forwarding/syslog-receiver.ts';

const place = organisation('audit-forwarded');
const SECRET = 'a secret of the webhook';
interface Event {
  readonly id: string;
  readonly number: number;
  readonly event: { readonly event: string };
}

let office: Office;
let oslo: Server;
let syslog: SyslogReceiver;
const posted: { readonly signed: boolean; readonly events: Json[] }[] = [];
let refusing = false;

const log = place.path('audit.jsonl');
const inFile = (path: string): Event[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
const numbers = (events: readonly { readonly number: number }[]): number[] => [
  ...new Set(events.map(({ number }) => number)),
];
const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

async function webhook(): Promise<number> {
  const { certificatePem: cert, privateKeyPem: key } = office.credentials;
  const server = createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
      const mac = createHmac('sha256', SECRET)
        .update(`${String(id)}.${String(at)}.${body}`)
        .digest('base64');
      const { data } = JSON.parse(body) as { data: { events: Json[] } };
      if (!refusing) posted.push({ signed: signature === `v1,${mac}`, events: data.events });
      response.writeHead(refusing ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

before(async () => {
  office = await openOffice(Date.now());
  const { certificatePem: cert, privateKeyPem: key } = office.credentials;
  syslog = await syslogReceiver({ cert, key });
  const port = await webhook();
  const file = (name: string, text: string): string => {
    writeFileSync(place.path(name), text, { mode: 0o600 });
    return place.path(name);
  };
  const caFile = file('ca.pem', office.authority.certificatePem);
  const config = file(
    'config.json',
    JSON.stringify({
      audit: {
        forward: [
          { name: 'file', kind: 'file', path: log },
          { name: 'siem', kind: 'syslog', host: 'localhost', port: syslog.port, caFile, format: 'ocsf' },
          {
            name: 'hook',
            kind: 'webhook',
            url: `https://127.0.0.1:${port}/hook`,
            secretFile: file('hook-secret', SECRET),
            caFile,
            allowAddresses: ['127.0.0.1'],
            format: 'ocsf',
          },
        ],
      },
    }),
  );
  oslo = await place.server('Oslo', { args: ['--config', config, '--console', '127.0.0.1:0'] });
});

type Forwarding = readonly { name: string; lines: number; behind: number; problem: string | null }[];

async function forwarding(): Promise<{ readonly lines: number; readonly of: Forwarding }> {
  const { audit } = await oslo.call('serverStatus', {});
  return { lines: audit.lines, of: audit.forwarding };
}

/** Every receiver has every line. @returns how many there are. */
const allArrived = (): Promise<number> =>
  eventually('every receiver has everything', async () => {
    const { lines, of } = await forwarding();
    return of.every(({ behind }) => behind === 0) && lines;
  });

const ocsfNumbers = (events: readonly Json[]): number[] =>
  numbers(events.map(({ metadata }) => ({ number: (metadata as { sequence: number }).sequence })));

test('each receiver gets every event in order, and nothing that opens anything', async () => {
  const device = await place.enrol('laptop', oslo);
  const key = await device.encrypt('a secret of ours', place.path('file.age'));
  const { material } = await oslo.call('revealKey', {
    id: key,
    reason: 'to look for it in what is forwarded',
  });
  const { apiKey } = (await oslo.done(['people', 'add', 'robot', '--service', '--role', 'Auditor'])) as {
    apiKey: string;
  };
  const { setupUrl } = (await oslo.done(['people', 'add', 'Anna', '--role', 'Auditor'])) as {
    setupUrl: string;
  };
  const lines = await allArrived();
  assert.deepEqual(numbers(inFile(log)), upTo(lines));
  assert.equal(statSync(log).mode & 0o777, 0o600);
  assert.deepEqual(syslog.faults, []);
  const told = syslog.messages.map(({ text }) => JSON.parse(text) as Json);
  assert.deepEqual(ocsfNumbers(told), upTo(lines));
  assert.deepEqual(ocsfNumbers(posted.flatMap(({ events }) => events)), upTo(lines));
  assert.ok(posted.every(({ signed }) => signed));

  const everything = [readFileSync(log, 'utf8'), JSON.stringify(told), JSON.stringify(posted)].join('\n');
  assert.match(everything, /key-revealed/);
  const secrets = [material, apiKey, setupUrl.split('#').at(-1)!, SECRET];
  for (const secret of secrets) {
    assert.ok(secret.length >= 20);
    assert.ok(!everything.includes(secret.trim()), 'a secret was forwarded');
  }
});

test('through a rotation, an outage and a kill nothing is left out, and the outage shows', async () => {
  renameSync(log, `${log}.1`);
  refusing = true;
  syslog.conduct = 'cuts';
  for (let more = 0; more < 5; more += 1) await oslo.call('inviteDevice', {});
  const shown = await eventually('the outage shows', async () => {
    const { of } = await forwarding();
    return of.find(({ name, problem }) => name === 'hook' && problem !== null);
  });
  assert.match(shown.problem!, /status 503/);
  assert.ok(shown.behind >= 5);
  const status = await oslo.run(['server', 'status']);
  assert.match(status.stdout, AUDIT.behind('hook', 'status 503'));
  assert.match(status.stdout, /^ {2}hook +webhook +\d+ +\S.*status 503/m);
  await oslo.kill();
  refusing = false;
  syslog.conduct = 'reads';
  await oslo.restart();
  const lines = await allArrived();
  assert.ok(existsSync(log));
  assert.deepEqual(numbers([...inFile(`${log}.1`), ...inFile(log)]), upTo(lines));
  assert.deepEqual(ocsfNumbers(syslog.messages.map(({ text }) => JSON.parse(text) as Json)), upTo(lines));
  assert.deepEqual(ocsfNumbers(posted.flatMap(({ events }) => events)), upTo(lines));
  const { problem } = (await forwarding()).of.find(({ name }) => name === 'hook')!;
  assert.equal(problem, null);
});

test('a server that is stopped has forwarded what it did last', async () => {
  await oslo.call('inviteDevice', {});
  await oslo.stop();
  const last = inFile(log).at(-1)!;
  assert.equal(last.event.event, 'invitation-made');
  const { metadata } = JSON.parse(syslog.messages.at(-1)!.text) as { metadata: { sequence: number } };
  assert.equal(metadata.sequence, last.number);
});
