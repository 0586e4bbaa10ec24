/**
 * Bodies that never end, trickle, or are announced as 10 GB: cut off at the limit, whoever sends them, and the memory
 * of the server's process stays bounded.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type RequestOptions, request as httpsRequest } from 'node:https';
import { before, test } from 'node:test';
import { TRANSMISSION_BYTES_MAX } from '#domain/limits.ts';
import { JSON_LINES_MEDIA_TYPE } from '#protocol/machine-calls.ts';
import { MACHINE_ROUTES, type MachineRouteName } from '#protocol/machine-routes.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { selfSignedCertificate } from '#transport/authority.ts';
import { makeKeyPair } from '#transport/key-pair.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs, type MadeMember } from '#test/support/machine-caller.ts';
import { toMachines } from '#test/support/raw-call.ts';
import { organisation, type Server } from '#test/support/organisation.ts';
import { openServer } from '#test/support/server-in-process.ts';

const MIB = 1024 * 1024;
/** A batch of 8 MiB, some copies of it on its way through TLS, and what a garbage collector leaves lying. */
const GROWTH_MAX = 100 * MIB;

const place = organisation('hostile-bodies');
let server: Server;
let device: MadeMember;
let secondary: MadeMember;
let stranger: TlsCredentials;

before(async () => {
  server = await place.server('Oslo');
  await server.call('changeSettings', { useHierarchy: true });
  device = await joinAs((await server.call('inviteDevice', {})).invitation);
  secondary = await joinAs((await server.call('inviteSecondary', {})).invitation);
  const keyPair = makeKeyPair();
  stranger = {
    certificatePem: await selfSignedCertificate({ keyPair, now: Date.now() }),
    privateKeyPem: keyPair.privateKeyPem,
  };
});

/** The most memory the process has held so far, as the kernel counts it. */
function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

interface Sent {
  /** Undefined where the connection was ended without an answer. */
  readonly code: string | undefined;
  readonly bytesTaken: number;
}

interface Body {
  readonly announced?: number;
  /** Sent once, before the pieces. */
  readonly first?: Uint8Array;
  readonly piece: Uint8Array;
  readonly betweenMs?: number;
}

/** Sends pieces until somebody ends it. */
function sendEndlessly(
  listen: string,
  name: MachineRouteName,
  { certificatePem, privateKeyPem }: TlsCredentials,
  { announced, first, piece, betweenMs }: Body,
): Promise<Sent> {
  const { path, request } = MACHINE_ROUTES[name];
  const [host, port] = listen.split(':');
  const options: RequestOptions = {
    host,
    port,
    method: 'POST',
    path,
    agent: false,
    rejectUnauthorized: false,
    cert: certificatePem,
    key: privateKeyPem,
    headers: {
      'content-type': request === 'json-lines' ? JSON_LINES_MEDIA_TYPE : 'application/json',
      [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
      ...(announced === undefined
        ? { 'transfer-encoding': 'chunked' }
        : { 'content-length': String(announced) }),
    },
  };
  return new Promise((resolve) => {
    const outgoing = httpsRequest(options);
    let code: string | undefined;
    let over = false;
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => undefined);
      answer.on('end', () => {
        code = (JSON.parse(Buffer.concat(chunks).toString()) as { code?: string }).code;
        outgoing.destroy();
      });
    });
    outgoing.on('error', () => undefined);
    outgoing.on('close', () => {
      over = true;
      resolve({ code, bytesTaken: outgoing.socket?.bytesWritten ?? 0 });
    });
    const write = (): void => {
      if (over || outgoing.destroyed) return;
      const next = (): void => void setTimeout(write, betweenMs ?? 0).unref();
      if (outgoing.write(piece)) next();
      else outgoing.once('drain', next);
    };
    if (first !== undefined) outgoing.write(first);
    write();
  });
}

const FILLER = Buffer.alloc(64 * 1024, 'x');
const START = Buffer.from(`{"epoch":"${'0'.repeat(32)}","seq":0,"chain":"${'0'.repeat(64)}"}\n`);
/** Whole lines only. */
const LINES = Buffer.from(`{"digest":"${'0'.repeat(64)}","more":"${'x'.repeat(16_000)}"}\n`.repeat(4));

test('a body announced as 10 GB is refused before it is read, and the peak of memory stays where it was', async () => {
  const before = peakBytes(server.pid);
  for (const [name, credentials, code] of [
    ['transmit', secondary.credentials, 'request-too-large'],
    ['record', device.credentials, 'request-too-large'],
    ['join', stranger, 'request-too-large'],
    ['transmit', stranger, 'request-too-large'],
    ['transmit', device.credentials, 'request-too-large'],
    ['record', stranger, 'not-a-member'],
  ] as const) {
    const sent = await sendEndlessly(server.listen, name, credentials, { announced: 10e9, piece: FILLER });
    // The answer may be overtaken by the end of the connection while the other side still sends.
    assert.ok(sent.code === code || sent.code === undefined, `${name}: ${sent.code}`);
    assert.ok(sent.bytesTaken < 2 * TRANSMISSION_BYTES_MAX, `${name} took ${sent.bytesTaken}`);
  }
  assert.ok(peakBytes(server.pid) - before < GROWTH_MAX);
});

test('bodies without an end are cut off at the limit, many at a time, in bounded memory', async () => {
  const before = peakBytes(server.pid);
  const others = await Promise.all(
    [1, 2, 3].map(async () => joinAs((await server.call('inviteSecondary', {})).invitation)),
  );
  const sent = await Promise.all([
    ...[secondary, ...others].map(({ credentials }) =>
      sendEndlessly(server.listen, 'transmit', credentials, { first: START, piece: LINES }),
    ),
    sendEndlessly(server.listen, 'transmit', device.credentials, { piece: LINES }),
    sendEndlessly(server.listen, 'transmit', stranger, { piece: LINES }),
  ]);
  for (const { bytesTaken } of sent) assert.ok(bytesTaken < 2 * TRANSMISSION_BYTES_MAX, `${bytesTaken}`);
  for (const { bytesTaken } of sent.slice(0, 4))
    assert.ok(bytesTaken > TRANSMISSION_BYTES_MAX, `${bytesTaken}`);
  const oneLine = await sendEndlessly(server.listen, 'transmit', secondary.credentials, { piece: FILLER });
  assert.ok(oneLine.bytesTaken < 4 * MIB, `${oneLine.bytesTaken}`);
  const small = await sendEndlessly(server.listen, 'record', device.credentials, { piece: FILLER });
  assert.ok(small.bytesTaken < 4 * MIB, `${small.bytesTaken}`);
  assert.ok(peakBytes(server.pid) - before < GROWTH_MAX, `${(peakBytes(server.pid) - before) / MIB} MiB`);
});

test('a secondary holds one batch at a time, however many connections it opens and keeps silent', async () => {
  const before = peakBytes(server.pid);
  // Each sends one piece of what could be 8 MiB, and then waits for ever.
  const held = Array.from({ length: 30 }, () =>
    sendEndlessly(server.listen, 'transmit', secondary.credentials, { piece: START, betweenMs: 2 ** 30 }),
  );
  let ended = 0;
  const counting = held.map(async (one) => {
    await one;
    ended += 1;
  });
  await eventually('all but the last to arrive are ended', () => ended === held.length - 1);
  await server.call('removeServer', { id: secondary.id });
  await Promise.all(counting);
  assert.ok(peakBytes(server.pid) - before < GROWTH_MAX);
});

test('requests sent without end, whose answers nobody reads, end their connections and not the server', async () => {
  const before = peakBytes(server.pid);
  const body = JSON.stringify({ name: 'played', receipts: { count: 0, digest: '0'.repeat(64) } });
  const head = `POST /v1/device/heartbeat HTTP/1.1\r\nhost: localhost\r\n${PROTOCOL_HEADER}: ${PROTOCOL_VERSION}\r\n`;
  const many =
    `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`.repeat(2000);
  const sockets = await Promise.all(
    Array.from({ length: 8 }, () => toMachines(server.listen, device.credentials)),
  );
  for (const socket of sockets) {
    const send = (): void => void (socket.writable && socket.write(many));
    socket.on('drain', send);
    send();
  }
  await eventually('each of them is let go', () => sockets.every((socket) => socket.closed));
  assert.ok(peakBytes(server.pid) - before < GROWTH_MAX, `${(peakBytes(server.pid) - before) / MIB} MiB`);
});

test('afterwards the server serves, and nothing was stored', async () => {
  const status = await server.call('serverStatus', {});
  assert.equal(status.keys, 0);
  assert.equal((await server.call('verify', {})).ok, true);
  assert.doesNotMatch(server.log, /"level":"error"/);
});

test('a body that trickles for ever is ended after its time, on every kind of call', async () => {
  const short = await openServer('Short', {
    times: { requestMs: 300, transmissionMs: 600, unreadMs: 60_000 },
  });
  await short.call('changeSettings', { useHierarchy: true });
  const slowDevice = await joinAs((await short.call('inviteDevice', {})).invitation);
  const slowSecondary = await joinAs((await short.call('inviteSecondary', {})).invitation);
  const trickle: Body = { piece: Buffer.from('{'), betweenMs: 20 };
  const lines: Body = { piece: Buffer.from('\n'), betweenMs: 20 };
  await Promise.all([
    sendEndlessly(short.address, 'record', slowDevice.credentials, trickle),
    sendEndlessly(short.address, 'join', stranger, trickle),
    sendEndlessly(short.address, 'transmit', slowSecondary.credentials, {
      piece: Buffer.from('x'),
      betweenMs: 20,
    }),
    sendEndlessly(short.address, 'transmit', slowSecondary.credentials, lines),
  ]);
});
