/** Calls over the people's listener that depend on what the caller saw before, and the figures for a monitoring system. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { LOCAL_ADMINISTRATOR, read } from '#domain/right.ts';
import type { KnownPeople } from '#server/http/people/console-entrance.ts';
import { Metrics } from '#server/http/people/metrics.ts';
import { openConsole } from '#test/support/console-in-process.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';

/** The key of a script says which rights it has. */
const known: KnownPeople = {
  bySession: async () => {
    throw new KeystairError('not-signed-in', 'no sessions here');
  },
  byApiKey: async (key) => ({
    ...LOCAL_ADMINISTRATOR,
    rights: key === 'all' ? LOCAL_ADMINISTRATOR.rights : [read('Key register')],
  }),
};
const BY_ALL = { authorization: 'Bearer all' };
const PATH = '/api/v1/server/settings';

test('a change that names the version it was decided on is refused once somebody else changed it', async () => {
  const console = await openConsole(undefined, known);
  const { etag } = (await console.get(PATH, BY_ALL)).headers;
  assert.match(etag!, /^"[\w-]{22}"$/);
  const byMe = { ...BY_ALL, 'if-match': etag! };
  const first = await console.send('PATCH', PATH, { heartbeat: 90 }, byMe);
  assert.equal(first.status, 200);
  assert.notEqual(first.headers.etag, etag);
  const second = await console.send('PATCH', PATH, { heartbeat: 120 }, byMe);
  assert.equal(second.status, 412);
  assert.equal((JSON.parse(second.body) as { code: string }).code, 'changed-meanwhile');
  const shown = await console.get(PATH, BY_ALL);
  assert.equal((JSON.parse(shown.body) as { heartbeat: number }).heartbeat, 90);
  assert.equal(shown.headers.etag, first.headers.etag);
});

test('figures go to whoever may see the status, and hold no name and no id', async () => {
  const server = await openServer('Oslo');
  const metrics = new Metrics(server.administration.metricsPorts);
  const console = await openConsole(server, known, { metrics });
  assert.deepEqual(await console.problem('/metrics', { authorization: 'Bearer register' }), [
    403,
    'not-allowed',
  ]);
  assert.deepEqual(await console.problem('/metrics'), [401, 'not-signed-in']);
  await console.get('/api/v1/keys', BY_ALL);
  const { headers, body } = await console.get('/metrics', BY_ALL);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(body, /^keystair_keys 0$/m);
  assert.match(body, /^keystair_audit_forwarding_behind 0$/m);
  assert.match(body, /^keystair_people_calls_total\{operation="listKeys",code="200"\} 1$/m);
  assert.ok(!body.includes(server.name.id) && !body.includes(server.name.name));
});

void test('a stranger takes the figures for well-formed', { skip: unlessInstalled('promtool') }, async () => {
  const server = await openServer('Oslo');
  const text = await new Metrics(server.administration.metricsPorts).text();
  assert.equal(stock('promtool', ['check', 'metrics'], { input: text }).toString(), '');
});
