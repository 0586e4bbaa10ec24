/**
 * Requests at the people's listener that are two requests to somebody else, or another one: what a proxy and a server
 * could read differently does nothing, and is answered once. Nor does JSON that means more than it says.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import {
  addPerson,
  type Office,
  openOffice,
  PASSWORD,
  type SetUpPerson,
} from '#test/support/people-office.ts';

let office: Office;
let person: SetUpPerson;
let host: string;
let cookie: string;

before(async () => {
  office = await openOffice();
  person = await addPerson(office, 'Anna', 'Auditor');
  ({ host } = new URL(office.url));
  cookie = [...person.browser.cookies].map((pair) => pair.join('=')).join('; ');
});

/** What shows that a request was carried out. */
const done = async (): Promise<number> => (await office.server.events('recovery-codes-made')).length;

const ACT = 'POST /api/v1/me/recovery-codes HTTP/1.1';
const JSON_TYPE = 'content-type: application/json';

/** The lines of a request that is carried out, each of which a case replaces or repeats. */
const head = (): string[] => [ACT, `host: ${host}`, `origin: ${office.url}`, `cookie: ${cookie}`, JSON_TYPE];
const whole = (...more: string[]): string => [...head(), ...more].join('\r\n');
const HIDDEN = (): string => `${whole('content-length: 2')}\r\n\r\n{}`;

/** Everything that comes back until the server ends the connection, or is silent. */
function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(office.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname === 'localhost' ? '127.0.0.1' : hostname, port: Number(port) });
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(heard));
    socket.write(bytes);
    // Whatever is not answered by then is waiting for more of a request.
    setTimeout(() => socket.destroy(), 500);
  });
}

const answers = (heard: string): number => heard.split(/^HTTP\/1\.1 /m).length - 1;

test('a request that is plain is carried out, once', async () => {
  const before = await done();
  const heard = await raw(`${whole('content-length: 2')}\r\n\r\n{}`);
  assert.match(heard, /^HTTP\/1\.1 200 /);
  assert.equal(await done(), before + 1);
});

const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

for (const [what, bytes] of [
  [
    'a length, and chunks that end before it',
    () => `${whole('content-length: 400', 'transfer-encoding: chunked')}\r\n\r\n0\r\n\r\n${HIDDEN()}`,
  ],
  [
    'chunks, and a length that ends before them',
    () => `${whole('transfer-encoding: chunked', 'content-length: 4')}\r\n\r\n${chunked(HIDDEN())}`,
  ],
  ['two lengths', () => `${whole('content-length: 2', 'content-length: 400')}\r\n\r\n{}${HIDDEN()}`],
  ['the same length twice', () => `${whole('content-length: 2', 'content-length: 2')}\r\n\r\n{}`],
  ['two lengths on one line', () => `${whole('content-length: 2, 400')}\r\n\r\n{}${HIDDEN()}`],
  ['a length with a sign', () => `${whole('content-length: +2')}\r\n\r\n{}`],
  ['a length in another base', () => `${whole('content-length: 0x2')}\r\n\r\n{}`],
  ['two codings', () => `${whole('transfer-encoding: chunked, identity')}\r\n\r\n${chunked('{}')}`],
  [
    'chunks twice',
    () => `${whole('transfer-encoding: chunked', 'transfer-encoding: chunked')}\r\n\r\n${chunked('{}')}`,
  ],
  [
    'a coding that looks like chunks',
    () => `${whole('transfer-encoding: xchunked')}\r\n\r\n${chunked('{}')}`,
  ],
  [
    'a space before the colon',
    () => `${whole('transfer-encoding : chunked', 'content-length: 2')}\r\n\r\n{}`,
  ],
  ['a tab before the colon', () => `${whole('content-length\t: 2')}\r\n\r\n{}`],
  [
    'a header over two lines',
    () => `${whole('x: y', ' transfer-encoding: chunked', 'content-length: 2')}\r\n\r\n{}`,
  ],
  [
    'a line that ends in a line feed alone',
    () => `${whole('x: y\ntransfer-encoding: chunked', 'content-length: 2')}\r\n\r\n{}`,
  ],
  [
    'a carriage return within a header',
    () => `${whole('x: y\rtransfer-encoding: chunked', 'content-length: 2')}\r\n\r\n{}`,
  ],
  ['a zero byte within a header', () => `${whole('x: y\0z', 'content-length: 2')}\r\n\r\n{}`],
  [
    'a chunk of a length without end',
    () => `${whole('transfer-encoding: chunked')}\r\n\r\n${'f'.repeat(40)}\r\n{}\r\n0\r\n\r\n`,
  ],
  [
    'a chunk of a length that is none',
    () => `${whole('transfer-encoding: chunked')}\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n`,
  ],
  [
    'a chunk that is longer than it says',
    () => `${whole('transfer-encoding: chunked')}\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
  ],
] as const) {
  test(`a request with ${what} does nothing, and is answered once`, async () => {
    const before = await done();
    const heard = await raw(bytes());
    assert.equal(await done(), before, heard);
    assert.ok(answers(heard) <= 1, heard);
    if (heard !== '') assert.match(heard, /^HTTP\/1\.1 4\d\d /);
  });
}

for (const [what, more] of [
  ['host', () => 'host: evil.example'],
  ['origin', () => 'origin: https://evil.example'],
  ['origin, the same', () => `origin: ${office.url}`],
  ['cookie', () => 'cookie: a=b'],
  ['content-type', () => 'content-type: text/plain'],
  ['authorization', () => 'authorization: Bearer ksk_x\r\nauthorization: Bearer ksk_y'],
  ['keystair-approval', () => 'keystair-approval: x\r\nkeystair-approval: y'],
  ['sec-fetch-site', () => 'sec-fetch-site: same-origin\r\nsec-fetch-site: cross-site'],
  ['idempotency-key', () => 'idempotency-key: x\r\nidempotency-key: y'],
  ['prefer', () => 'prefer: respond-async\r\nprefer: wait=1'],
] as const) {
  test(`a request with a second ${what} does nothing`, async () => {
    const before = await done();
    const heard = await raw(`${whole(more(), 'content-length: 2')}\r\n\r\n{}`);
    assert.match(heard, /^HTTP\/1\.1 40[03] /);
    assert.equal(await done(), before);
  });
}

test('TRACE, and what else is no method of a call, repeats nothing that was sent', async () => {
  for (const method of ['TRACE', 'TRACK', 'DEBUG', 'OPTIONS', 'HEAD', 'PROPFIND']) {
    const heard = await raw(
      `${[`${method} /api/v1/me HTTP/1.1`, ...head().slice(1), 'x-mark: mArK'].join('\r\n')}\r\n\r\n`,
    );
    assert.match(heard, /^HTTP\/1\.1 [45]\d\d /, method);
    assert.doesNotMatch(heard, /mArK|access-control-allow/i, method);
  }
});

test('JSON of a stranger that is deep, wide, long or names what all objects have is refused in no time, and changes nothing', async () => {
  const stranger = office.browser();
  const credentials = `"name":"Anna","password":${JSON.stringify(PASSWORD)}`;
  for (const [what, body] of [
    ['deep', `{${credentials},"a":${'['.repeat(100_000)}`],
    ['deep and whole', `{${credentials},"a":${'['.repeat(500)}${']'.repeat(500)}}`],
    ['wide', `{${credentials},"a":[${'0,'.repeat(3000)}0]}`],
    ['long', `{${credentials},"a":"${'x'.repeat(1_000_000)}"}`],
    ['a prototype', `{${credentials},"__proto__":{"id":"x","roles":["Server administrator"]}}`],
    ['a constructor', `{${credentials},"constructor":{"prototype":{"service":true}}}`],
    ['a name twice', `{${credentials},"name":"Eve"}`],
    ['a list', `[${JSON.stringify(PASSWORD)}]`],
    ['a name that is no text', `{"name":{"toString":"x"},"password":["${PASSWORD}"]}`],
  ] as const) {
    const { status, body: answer } = await stranger.send('POST /sign-in/password', body);
    assert.ok(status === 400 || status === 413, `${what}: ${status} ${JSON.stringify(answer)}`);
  }
  assert.equal(Object.hasOwn(Object.prototype, 'roles') || Object.hasOwn(Object.prototype, 'service'), false);
  const { body } = await person.browser.send('GET /me');
  assert.deepEqual(body.person.roles, ['Auditor']);
});

test('no path leads to a file that is not one of the console’s', async () => {
  const paths = ['/.git/config', '/.git/HEAD', '/package.json', '/assets/', '/assets/../../package.json'];
  const written = [
    '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/..%5c..%5cpackage.json',
    '/%2e%2e/package.json',
  ];
  const odd = [
    '/assets/..;/package.json',
    '/assets/.%00.js',
    '//etc/passwd',
    '/assets//etc/passwd',
    '/assets/index.html/..',
  ];
  for (const path of [...paths, ...written, ...odd]) {
    const heard = await raw(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    assert.match(heard, /^HTTP\/1\.1 4\d\d /, path);
    assert.doesNotMatch(heard, /"dependencies"|\[core\]|root:|Index of/, path);
  }
});

test('whoever tries to get around a check is in the audit log: once, and then counted', async () => {
  const own = await openOffice();
  const nils = await addPerson(own, 'Nils', 'Auditor');
  const noted = async () =>
    (await own.server.events('call-refused')).map(({ by, code, route }) => [by, code, route]);
  const foreign = { origin: 'https://elsewhere.example' };
  for (let time = 0; time < 20; time += 1) {
    await own.browser().refused('not-allowed', 'POST /sign-in/password', { name: 'x' }, foreign);
    await own.browser().refused('not-allowed', 'GET /me', undefined, { host: 'elsewhere.example' });
    await nils.browser.refused('invalid-argument', 'GET /keys?limit=x');
    await nils.browser.refused('invalid-argument', 'POST /me/recovery-codes', '{"a":');
  }
  await eventually('both are noted', async () => (await noted()).length >= 2);
  // What repeats is counted, and written when its window closes.
  assert.deepEqual(
    new Set((await noted()).map(String)),
    new Set([
      `person:${nils.id} Nils,invalid-argument,GET /api/v1/keys`,
      'somebody unknown,not-allowed,POST /api/v1/sign-in/password',
    ]),
  );
});
