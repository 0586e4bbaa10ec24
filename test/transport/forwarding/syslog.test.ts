/** Syslog over TLS, as RFC 5424 and 5425 have it: framed, escaped, verified, and arrived only when the receiver says so. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { SyslogConnection, type SyslogTarget } from '#transport/forwarding/syslog-connection.ts';
import { type SyslogMessage, syslogFrame } from '#transport/forwarding/syslog-message.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Badge, makeMember, type Office, openOffice } from '../office.ts';
import { readMessage, type SyslogReceiver, syslogReceiver } from './syslog-receiver.ts';

const MESSAGE: SyslogMessage = {
  severity: 'notice',
  at: '2026-11-29T12:00:00.000Z',
  host: 'oslo.example',
  name: 'key-revealed',
  number: 7,
  software: 'keystair',
  version: '0.1.0',
  json: '{"event":"key-revealed"}',
};

let office: Office;
let badge: Badge;
let receiver: SyslogReceiver;
const opened: SyslogConnection[] = [];

before(async () => {
  const now = Date.now();
  office = await openOffice(now);
  badge = await makeMember(office, now);
  const { certificatePem: cert, privateKeyPem: key } = office.credentials;
  receiver = await syslogReceiver({ cert, key });
  atTheEnd(() => opened.forEach((one) => one.reset()));
});

function connection(over: Partial<SyslogTarget> = {}): SyslogConnection {
  const one = new SyslogConnection(() => ({
    host: '127.0.0.1',
    port: receiver.port,
    ca: office.authority.certificatePem,
    ...over,
  }));
  opened.push(one);
  return one;
}

const frames = (...numbers: number[]): Buffer =>
  Buffer.concat(numbers.map((number) => syslogFrame({ ...MESSAGE, number })));

function came(): string[] {
  assert.deepEqual(receiver.faults, []);
  return receiver.messages.splice(0).map(({ data }) => data['meta']!['sequenceId']!);
}

test('a message says who, when, how severe and which, and its text is the event', async () => {
  const one = connection();
  await one.send(syslogFrame(MESSAGE));
  await one.confirm();
  assert.deepEqual(receiver.messages.splice(0), [
    {
      facility: 13,
      severity: 5,
      at: MESSAGE.at,
      host: 'oslo.example',
      app: 'keystair',
      name: 'key-revealed',
      data: { origin: { software: 'keystair', swVersion: '0.1.0' }, meta: { sequenceId: '7' } },
      text: MESSAGE.json,
    },
  ]);
});

test('nothing in an event ends a field, a parameter or a message early', () => {
  const evil = '"] é 東 \u202e\u0085\u2028\ud800 \\ <14>1 - - - - - - forged';
  const frame = syslogFrame({
    ...MESSAGE,
    host: 'a b\n<0>1',
    name: `sign in\n${'x'.repeat(100)}`,
    software: 'key"st\\air]',
    json: JSON.stringify({ evil, line: 'one\ntwo\0three\x7f' }),
  });
  const text = frame.toString('latin1');
  const [length] = text.split(' ', 1) as [string];
  assert.equal(Number(length), frame.length - length.length - 1);
  const { host, name, data, text: json } = readMessage(text.slice(length.length + 1));
  assert.deepEqual([host, name], ['ab<0>1', `signin${'x'.repeat(26)}`]);
  assert.equal(data['origin']!['software'], 'key"st\\air]');
  assert.deepEqual(JSON.parse(json), { evil, line: 'one\ntwo\0three\x7f' });
  const empty = syslogFrame({ ...MESSAGE, at: '', host: '', name: '' }).toString('latin1');
  assert.match(empty, /^\d+ <109>1 - - \S+ - - \[/);
  assert.match(syslogFrame({ ...MESSAGE, number: 2 ** 31 }).toString('latin1'), /sequenceId="1"/);
});

test('everything arrived is what a confirmation says, and the next message opens another connection', async () => {
  const one = connection();
  const before = receiver.sockets.length;
  for (let at = 1; at <= 40; at += 1) await one.send(frames(at));
  await one.confirm();
  assert.equal(came().length, 40);
  await one.send(frames(41));
  await one.confirm();
  assert.deepEqual(came(), ['41']);
  assert.equal(receiver.sockets.length, before + 2);
});

test('a receiver that cuts mid-line confirms nothing, whichever end notices first', async () => {
  receiver.conduct = 'cuts';
  const one = connection();
  const all = Array.from({ length: 20_000 }, (_, at) => at + 1);
  // While more is on its way than it has read.
  await assert.rejects(async () => {
    await one.send(frames(...all));
    await one.confirm();
  });
  one.reset();
  // And before anybody asks.
  await one.send(frames(1, 2, 3));
  await eventually('it was cut', () => receiver.messages.length === 2 && receiver.sockets.at(-1)!.destroyed);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await assert.rejects(one.confirm(), /ended the connection/);
  one.reset();
  receiver.conduct = 'reads';
  came();
  await one.send(frames(1, 2, 3));
  await one.confirm();
  assert.deepEqual(came(), ['1', '2', '3']);
});

test('a receiver that takes bytes and never reads them, or never ends, confirms nothing', async () => {
  for (const conduct of ['never reads', 'never ends'] as const) {
    receiver.conduct = conduct;
    const one = connection();
    await one.send(frames(1));
    let ended = false;
    const confirming = one.confirm().then(
      () => 'confirmed',
      (error: Error) => error.message,
    );
    void confirming.then(() => (ended = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(ended, false, conduct);
    one.reset();
    assert.notEqual(await confirming, 'confirmed', conduct);
  }
  receiver.conduct = 'reads';
  receiver.messages.length = 0;
});

test('a certificate of another authority, or of another name, gets no message', async () => {
  const before = receiver.sockets.length;
  await assert.rejects(connection({ ca: undefined }).send(frames(1)), /certificate/);
  const stranger = await openOffice(Date.now());
  await assert.rejects(
    connection({ ca: stranger.authority.certificatePem }).send(frames(1)),
    /certificate|signature/,
  );
  // It is for `localhost` and 127.0.0.1.
  await assert.rejects(connection({ host: '127.0.0.2' }).send(frames(1)));
  const { certificatePem: cert, privateKeyPem: key } = badge.credentials;
  const other = await syslogReceiver({ cert, key });
  await assert.rejects(connection({ port: other.port }).send(frames(1)), /certificate|altnames|purpose/i);
  assert.deepEqual(other.messages, []);
  assert.deepEqual(receiver.messages, []);
  assert.ok(receiver.sockets.length - before <= 2);
});

test('a receiver that asks for a certificate gets ours, and refuses who has none', async () => {
  const { certificatePem: cert, privateKeyPem: key } = office.credentials;
  const strict = await syslogReceiver({
    cert,
    key,
    ca: office.authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const with_ = connection({
    port: strict.port,
    certificate: badge.credentials.certificatePem,
    key: badge.credentials.privateKeyPem,
  });
  await with_.send(frames(1));
  await with_.confirm();
  assert.equal(strict.messages.length, 1);
  const without = connection({ port: strict.port });
  await assert.rejects(async () => {
    await without.send(frames(2));
    await without.confirm();
  });
  assert.equal(strict.messages.length, 1);
});
