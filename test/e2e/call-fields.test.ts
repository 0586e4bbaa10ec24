/**
 * Calls of people over the socket, as a script or a page would make them: a field counts in its one place only, and a
 * request that was made for another host, or by a page of another one, does nothing.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { keyToWire } from '#protocol/wire-key.ts';
import { makeSomeKey, joinAs } from '#test/support/machine-caller.ts';
import { organisation, type Server } from '#test/support/organisation.ts';
import { rawCall, toPeople } from '#test/support/raw-call.ts';

const place = organisation('call-fields');
let server: Server;
/** Ids of keys that are there. */
let asked: string;
let other: string;

before(async () => {
  server = await place.server('Oslo');
  const device = await joinAs((await server.call('inviteDevice', {})).invitation);
  const ids = [1, 2].map(async () => {
    const made = makeSomeKey({ device: { id: device.id, name: 'played' }, origin: device.server.id });
    return (await device.calls.call('record', { complete: keyToWire(made) })).id;
  });
  [asked, other] = (await Promise.all(ids)) as [string, string];
});

interface Call {
  readonly headers?: readonly string[];
  readonly host?: readonly string[];
  readonly body?: string;
}

async function call(line: string, { headers = [], host = ['localhost'], body }: Call = {}) {
  const lines = [
    `${line} HTTP/1.1`,
    ...host.map((name) => `host: ${name}`),
    ...headers,
    ...(body === undefined ? [] : ['content-type: application/json', `content-length: ${body.length}`]),
  ];
  const answer = await rawCall(await toPeople(server.data), `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
  assert.ok(answer, 'it is answered');
  return { status: answer.status, document: JSON.parse(answer.body) as Record<string, unknown> };
}

test('a call whose fields stand where they belong is answered', async () => {
  const shown = await call(`GET /api/v1/keys/${asked}`);
  assert.equal((shown.document['key'] as { id: string }).id, asked);
  assert.equal((await call('GET /api/v1/keys?limit=1')).status, 200);
  const body = JSON.stringify({ reason: 'asked by its owner' });
  const revealed = await call(`POST /api/v1/keys/${asked}/reveal`, { body });
  assert.equal(revealed.document['id'], asked);
});

for (const [what, line, body] of [
  ['in the query, though it stands in the path', () => `GET /api/v1/keys/${asked}?id=${other}`],
  ['in the query, the same as in the path', () => `GET /api/v1/keys/${asked}?id=${asked}`],
  ['in the query, under a name that the call does not have', () => 'GET /api/v1/keys?devise=laptop'],
  ['twice in the query', () => 'GET /api/v1/keys?limit=1&limit=2'],
  ['in a body, though it stands in the query', () => 'GET /api/v1/keys', '{"limit":1}'],
  ['in a body, though the call has none', () => `DELETE /api/v1/devices/${asked}`, '{"device":"other"}'],
  [
    'in the body, though it stands in the path',
    () => `POST /api/v1/keys/${asked}/reveal`,
    () => JSON.stringify({ id: other, reason: 'asked by its owner' }),
  ],
  ['in the query, though it stands in the body', () => 'PATCH /api/v1/server/settings?heartbeat=60', '{}'],
  ['in the query of an export', () => 'POST /api/v1/keys/exports?password=told', '{}'],
  ['in the query of a backup', () => 'POST /api/v1/server/backups?password=told', '{}'],
  [
    'twice in the body',
    () => 'PATCH /api/v1/server/settings',
    '{"heartbeat":60,"transmit":"immediately","he\\u0061rtbeat":61}',
  ],
  ['in a body that is a list', () => `POST /api/v1/keys/${asked}/reveal`, '["asked by its owner"]'],
] as const) {
  test(`a field is refused that is given ${what}`, async () => {
    const text = typeof body === 'function' ? body() : body;
    const { document } = await call(line(), text === undefined ? {} : { body: text });
    assert.equal(document['code'], 'invalid-argument');
    assert.ok(!JSON.stringify(document).includes('told'), 'what was given is not repeated');
  });
}

for (const [what, options] of [
  ['another host', { host: ['keystair.example'] }],
  ['this machine by another name', { host: ['127.0.0.1'] }],
  ['a port', { host: ['localhost:8443'] }],
  ['two hosts', { host: ['localhost', 'keystair.example'] }],
  ['a page', { headers: ['origin: https://keystair.example'] }],
  ['a page of the same name', { headers: ['origin: http://localhost'] }],
  ['a page without an address', { headers: ['origin: null'] }],
  ['a browser', { headers: ['sec-fetch-site: cross-site'] }],
  ['a browser that speaks of the same site', { headers: ['sec-fetch-site: same-origin'] }],
] as const satisfies readonly (readonly [string, Call])[]) {
  test(`the socket answers nothing to a request that names ${what}`, async () => {
    const body = JSON.stringify({ useHierarchy: true });
    for (const line of [
      'PATCH /api/v1/server/settings',
      'POST /api/v1/keys/exports',
      'POST /api/v1/server/backups',
    ]) {
      const { status, document } = await call(line, { ...options, body });
      assert.deepEqual([status, document['code']], [403, 'not-allowed']);
    }
    assert.equal((await server.call('showSettings', {})).useHierarchy, false);
  });
}
