/**
 * What is no request, or none that a client of ours would make: on both listeners the answer is a problem document in
 * our words, whoever noticed it, and nothing of what was sent comes back.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { before, test } from 'node:test';
import { REQUEST_BYTES_MAX } from '#domain/limits.ts';
import { REQUEST_HEAD_BYTES_MAX } from '#domain/listener-limits.ts';
import { Problem } from '#protocol/problem.ts';
import { joinAs, type MadeMember } from '#test/support/machine-caller.ts';
import { organisation, type Server } from '#test/support/organisation.ts';
import { type RawAnswer, rawCall, toMachines, toPeople } from '#test/support/raw-call.ts';

const place = organisation('malformed-requests');
let server: Server;
let device: MadeMember;

before(async () => {
  server = await place.server('Oslo');
  device = await joinAs((await server.call('inviteDevice', {})).invitation);
});

/** Sent along wherever there is room for it, and looked for in each answer. */
const MARK = 'mArK<script>';

const FILLER = 'x'.repeat(2 * REQUEST_HEAD_BYTES_MAX);
const HOST = 'host: localhost\r\n';
const VERSION = 'keystair-protocol: 1\r\n';
const JSON_TYPE = 'content-type: application/json\r\n';

function post(path: string, headers: string, body = '{}'): string {
  return `POST ${path} HTTP/1.1\r\n${HOST}${VERSION}${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The path stands for one of the listener's own that takes a body. */
const REQUESTS: readonly (readonly [what: string, code: string, bytes: (path: string) => string])[] = [
  ['noise', 'misread', () => `${MARK}\r\n\r\n`],
  ['a request line without its parts', 'misread', (path) => `POST ${path}\r\n${HOST}\r\n`],
  ['a method that does not exist', 'misread', (path) => `MARK ${path} HTTP/1.1\r\n${HOST}\r\n`],
  ['a version of HTTP that does not exist', 'misread', (path) => `POST ${path} HTTP/3.7\r\n${HOST}\r\n`],
  ['another version of HTTP', 'misread', (path) => `POST ${path} HTTP/2.0\r\n${HOST}\r\n`],
  ['a bad percent escape', 'misread', () => post(`/%zz${MARK}`, JSON_TYPE)],
  ['an escape that is no UTF-8', 'misread', () => post('/%ff', JSON_TYPE)],
  ['an address in place of a path', 'misread', (path) => post(`http://${MARK}${path}`, JSON_TYPE)],
  ['a header without a name', 'misread', (path) => post(path, `: ${MARK}\r\n`)],
  ['a header that goes on over a line', 'misread', (path) => post(path, `a: b\r\n ${MARK}\r\n`)],
  ['two lengths', 'misread', (path) => post(path, `content-length: 7\r\n${JSON_TYPE}`)],
  ['a length and chunks', 'misread', (path) => post(path, `transfer-encoding: chunked\r\n${JSON_TYPE}`)],
  [
    'a chunk without a length',
    'misread',
    (path) =>
      `POST ${path} HTTP/1.1\r\n${HOST}${VERSION}${JSON_TYPE}transfer-encoding: chunked\r\n\r\n${MARK}\r\n`,
  ],
  ['no host', 'misread', (path) => `POST ${path} HTTP/1.1\r\n${VERSION}\r\n`],
  ['too much of a head', 'request-too-large', (path) => post(path, `a: ${FILLER}\r\n`)],
  ['too long a path', 'request-too-large', (path) => post(`${path}?${FILLER}`, JSON_TYPE)],
  ['another media type', 'misread', (path) => post(path, `content-type: text/${MARK}\r\n`)],
  ['a media type that is none', 'misread', (path) => post(path, `content-type: ${MARK}\r\n`)],
  ['no media type', 'misread', (path) => post(path, '')],
  ['a body that is no JSON', 'misread', (path) => post(path, JSON_TYPE, `{"${MARK}`)],
  ['a body that is no object', 'misread', (path) => post(path, JSON_TYPE, '[]')],
  ['an expectation nobody has', 'misread', (path) => post(path, `expect: ${MARK}\r\n${JSON_TYPE}`)],
  [
    'a body that is announced too long',
    'request-too-large',
    (path) =>
      `POST ${path} HTTP/1.1\r\n${HOST}${VERSION}${JSON_TYPE}content-length: ${REQUEST_BYTES_MAX + 1}\r\n\r\n{`,
  ],
  ['a method the call does not have', 'unknown', (path) => `PUT ${path} HTTP/1.1\r\n${HOST}${VERSION}\r\n`],
  ['a method that only the parser knows', 'unknown', (path) => `PROPFIND ${path} HTTP/1.1\r\n${HOST}\r\n`],
  ['a way through to elsewhere', 'not-found', () => `CONNECT elsewhere.example:443 HTTP/1.1\r\n${HOST}\r\n`],
  ['a path that does not exist', 'unknown', () => post(`/${MARK}`, JSON_TYPE)],
  [
    'a path that does not exist, and a body that never comes',
    'unknown',
    () => `POST /nowhere HTTP/1.1\r\n${HOST}content-length: 1000\r\n\r\n${MARK}`,
  ],
  [
    'a page of another address',
    'not-allowed',
    (path) => post(path, `origin: https://${MARK}\r\n${JSON_TYPE}`),
  ],
];

interface Listener {
  readonly name: string;
  readonly path: string;
  readonly open: () => Promise<Socket>;
  /** What this listener says for what it cannot understand, and for a call that it does not have. */
  readonly codes: Readonly<Record<string, string>>;
  readonly version: string | undefined;
}

const LISTENERS: readonly Listener[] = [
  {
    name: 'machines',
    path: '/v1/device/keys',
    open: () => toMachines(server.listen, device.credentials),
    codes: { misread: 'request-invalid', unknown: 'not-found' },
    version: '1',
  },
  {
    name: 'people',
    path: '/api/v1/keys/exports',
    open: () => toPeople(server.data),
    codes: { misread: 'invalid-argument', unknown: 'not-available-yet' },
    version: undefined,
  },
];

function assertProblem(answer: RawAnswer | undefined, code: string, version: string | undefined): void {
  assert.ok(answer, 'it is answered');
  assert.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json');
  assert.equal(answer.headers.get('keystair-protocol'), version);
  const problem = Problem.parse(JSON.parse(answer.body));
  assert.equal(problem.code, code, problem.detail);
  assert.equal(problem.status, answer.status);
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
  assert.doesNotMatch(answer.body, /mArK|FST_|HPE_|fastify|node:|at \w+ \(/i);
}

for (const { name, path, open, codes, version } of LISTENERS) {
  for (const [what, code, bytes] of REQUESTS) {
    test(`the listener for ${name} says of ${what} that it is refused, in a problem document`, async () => {
      const answer = await rawCall(await open(), bytes(path));
      assertProblem(answer, codes[code] ?? code, version);
    });
  }
}

test('what a caller sent wrongly is no error of the server', async () => {
  assert.doesNotMatch(server.log, /"level":"error"/);
  assert.equal((await server.call('serverStatus', {})).server.name, 'Oslo');
});
