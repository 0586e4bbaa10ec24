/** Notices on the wire: signed, over TLS, to no address of this machine, to one mail address at a time. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, test } from 'node:test';
import { isReachable } from '#transport/notices/reachable-address.ts';
import { isMailAddress, sendMail } from '#transport/notices/send-mail.ts';
import { sendWebhook, type WebhookCall } from '#transport/notices/send-webhook.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { type Office, openOffice } from '../office.ts';
import { smtpServer } from './smtp-server.ts';

const HERE = ['127.0.0.1'];
const KEY = Buffer.from('thirty-two bytes of a secret key');
let office: Office;
let port: number;
let status = 204;
const seen: { headers: IncomingHttpHeaders; path: string | undefined; body: string }[] = [];

before(async () => {
  office = await openOffice(Date.now());
  const { certificatePem: cert, privateKeyPem: key } = office.credentials;
  const server = createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ headers: request.headers, path: request.url, body });
      response
        .writeHead(status, { location: `https://127.0.0.1:${port}/elsewhere` })
        .end('x'.repeat(100_000));
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  atTheEnd(() => {
    server.closeAllConnections();
    server.close();
  });
});

function call(more: Partial<WebhookCall> = {}): Promise<void> {
  return sendWebhook({
    url: new URL(`https://127.0.0.1:${port}/hook?x=1`),
    secret: `whsec_${KEY.toString('base64')}`,
    id: 'one',
    now: 1_700_000_000_999,
    body: '{"type":"approval.requested"}',
    allowed: HERE,
    ca: office.authority.certificatePem,
    ...more,
  });
}

test('a notice is signed over its id, its time and its body', async () => {
  seen.length = 0;
  await call();
  const [{ headers, path, body }] = seen as [(typeof seen)[0]];
  assert.equal(path, '/hook?x=1');
  assert.equal(headers['webhook-id'], 'one');
  assert.equal(headers['webhook-timestamp'], '1700000000');
  const mac = createHmac('sha256', KEY).update(`one.1700000000.${body}`).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${mac}`);
});

test('a redirect is not followed, and a refusal is one', async () => {
  seen.length = 0;
  for (const refusing of [302, 307, 400, 500]) {
    status = refusing;
    await assert.rejects(call(), new RegExp(`status ${refusing}`));
  }
  status = 204;
  assert.deepEqual([...new Set(seen.map(({ path }) => path))], ['/hook?x=1']);
});

test('a certificate that nobody known signed is no receiver', async () => {
  seen.length = 0;
  await assert.rejects(call({ ca: undefined }), /certificate/);
  assert.equal(seen.length, 0);
});

test('no notice goes to this machine, by an address or by a name, unless that address is listed', async () => {
  seen.length = 0;
  await assert.rejects(call({ allowed: [] }), /may never go to/);
  await assert.rejects(call({ allowed: [], url: new URL(`https://localhost:${port}/`) }), /may never go to/);
  await assert.rejects(call({ allowed: [], url: new URL(`https://[::1]:${port}/`) }), /may never go to/);
  await assert.rejects(call({ allowed: [], url: new URL(`https://0x7f.1:${port}/`) }), /may never go to/);
  assert.equal(seen.length, 0);
});

test('every way to write this machine or its link is refused, and addresses of a network are not', () => {
  const never =
    '127.0.0.1 127.9.9.9 0.0.0.0 0.1.2.3 169.254.169.254 224.0.0.1 255.255.255.255 :: ::1 fe80::1 febf::1 ff02::1 ' +
    '::ffff:127.0.0.1 ::ffff:a9fe:a9fe 64:ff9b::7f00:1 2002:7f00:1:: localhost';
  for (const address of [...never.split(' '), '']) assert.equal(isReachable(address, []), false, address);
  for (const address of ['10.0.0.1', '192.168.1.1', '203.0.113.7', '2001:db8::1', 'fd00::1'])
    assert.equal(isReachable(address, []), true, address);
  assert.equal(isReachable('169.254.169.254', ['169.254.169.254']), true);
});

test('a mail goes to one address, over TLS', async () => {
  const { port: at, heard } = await smtpServer(office.credentials);
  const server = { host: '127.0.0.1', port: at, tls: 'implicit', from: 'keystair@example.org' } as const;
  const mail = { to: 'anna@example.org', subject: 'Keystair: it waits', text: 'One\nTwo\n', id: 'one' };
  await sendMail({ ...server, ca: office.authority.certificatePem }, mail);
  assert.deepEqual(
    heard.filter((line) => line.startsWith('RCPT')),
    ['RCPT TO:<anna@example.org>'],
  );
  assert.ok(heard.includes('Subject: Keystair: it waits'));
  assert.ok(heard.includes('Message-ID: <one@example.org>'));
});

test('a mail server without TLS gets nothing', async () => {
  const { port: at, heard } = await smtpServer();
  const server = { host: '127.0.0.1', port: at, tls: 'starttls', from: 'keystair@example.org' } as const;
  await assert.rejects(sendMail(server, { to: 'anna@example.org', subject: 's', text: 't', id: 'one' }));
  assert.equal(heard.filter((line) => /^(MAIL|RCPT|DATA)/.test(line)).length, 0);
});

test('an address that is more than an address is none', () => {
  for (const good of ['anna@example.org', 'a.b+c_d@mail.example.org', 'root@localhost'])
    assert.ok(isMailAddress(good), good);
  const bad =
    'anna|@example.org|anna@|a@b@c|anna@example.org, eve@example.org|anna@example.org\r\nBcc: x@y|"anna"@example.org|' +
    'Anna <anna@example.org>|anna@exämple.org|anna@[127.0.0.1]|.a@b.c|a..b@c.d|anna@-example.org|anna@example.org |-v@x y';
  for (const one of [...bad.split('|'), `${'a'.repeat(250)}@example.org`, ''])
    assert.equal(isMailAddress(one), false, one);
});
