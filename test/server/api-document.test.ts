/**
 * The people's listener as a stranger finds it: the API's document, the page that shows it, whether the server is alive
 * and ready, and what else anybody may know.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiDocument, type Operation } from '#protocol/people/openapi.ts';
import { PEOPLE_ROUTES } from '#protocol/people/people-routes.ts';
import { type PeopleRoute, pathFields } from '#protocol/people/people-route.ts';
import { SIGN_IN_ROUTES } from '#protocol/people/sign-in-routes.ts';
import { openConsole } from '#test/support/console-in-process.ts';

const document = openApiDocument();
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
const byId = new Map(operations.map((operation) => [operation.operationId, operation]));

/** Of CONTRACT: what other programs are written against. */
const STABLE = [
  'serverStatus',
  'showSettings',
  'changeSettings',
  'showHierarchy',
  'listKeys',
  'showKey',
  'explainKey',
  'revealKey',
  'listDevices',
  'inviteDevice',
  'startExport',
  'startImport',
];

test('every row of the tables is one operation of the document, and nothing else is', () => {
  const rows = [...Object.keys(PEOPLE_ROUTES), ...Object.keys(SIGN_IN_ROUTES)];
  assert.deepEqual([...byId.keys()].toSorted(), rows.toSorted());
  for (const name of STABLE) assert.ok(byId.has(name), name);
});

test('the document says of each call which rights it needs, and how its caller is known', () => {
  for (const [name, route] of Object.entries<PeopleRoute>(PEOPLE_ROUTES)) {
    const operation: Operation = byId.get(name)!;
    assert.deepEqual(operation['x-rights'], route.rights === 'signed-in' ? undefined : route.rights, name);
    assert.deepEqual(operation['x-rights-besides'], route.besides, name);
    assert.deepEqual(operation.security, [{ serviceAccount: [] }, { session: [] }], name);
  }
});

test('the document says which bodies are files, and of which media type', () => {
  for (const [name, { stream, mediaType }] of Object.entries<PeopleRoute>(PEOPLE_ROUTES)) {
    const { requestBody, responses } = byId.get(name)!;
    const file = stream === 'upload' ? requestBody : (responses['200'] as { content: object });
    if (stream !== undefined)
      assert.deepEqual(Object.keys((file as { content: object }).content), [mediaType], name);
  }
});

test('`id` is the only parameter in a path, and each parameter has a type', () => {
  for (const [name, { path }] of Object.entries<PeopleRoute>(PEOPLE_ROUTES))
    assert.ok(
      pathFields(path).every((field) => field === 'id'),
      name,
    );
  for (const { operationId, parameters = [] } of operations)
    for (const { name, schema } of parameters)
      assert.ok(schema['type'] !== undefined || schema['anyOf'] !== undefined, `${operationId}: ${name}`);
});

test('every reference in the document leads to something in it', () => {
  const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
  assert.ok(references.length > 0);
  for (const reference of new Set(references)) {
    const path = reference.slice('"$ref":"#/'.length, -1).split('/');
    const found = path.reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
    assert.ok(found !== undefined, reference);
  }
});

test('the example of each row is a request that the row takes, and its secrets are fields of it', () => {
  for (const [name, { request, example, secrets = [] }] of Object.entries<PeopleRoute>(PEOPLE_ROUTES)) {
    assert.ok(request.safeParse(example).success, name);
    const fields = JSON.stringify(byId.get(name));
    for (const secret of secrets) assert.ok(fields.includes(`"${secret}"`), `${name}: ${secret}`);
  }
});

test('a stranger reads the document and the page of it, and learns whether the server is ready', async () => {
  const console = await openConsole();
  const told = await console.get('/api/v1/openapi.json');
  assert.equal(told.status, 200);
  assert.deepEqual(JSON.parse(told.body), JSON.parse(JSON.stringify(document)));
  const page = await console.get('/api');
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.doesNotMatch(page.body, /<script|https?:\/\/(?!spec)|@import|url\(/);
  assert.match(page.headers['content-security-policy'] as string, /^default-src 'none'; style-src 'sha256-/);
  for (const name of Object.keys(PEOPLE_ROUTES)) assert.ok(page.body.includes(`id="${name}"`), name);
  assert.deepEqual(JSON.parse((await console.get('/healthz')).body), { status: 'alive' });
  assert.deepEqual(JSON.parse((await console.get('/readyz')).body), { status: 'ready' });
});

test('every answer to a stranger, also to a malformed request, is for no cache, no frame and no guess', async () => {
  const console = await openConsole();
  for (const path of ['/api', '/healthz', '/api/v1/server', '/nothing', '/api/v1/keys?limit=%', '/%']) {
    const { headers } = await console.get(path);
    assert.equal(headers['cache-control'], 'no-store', path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['referrer-policy'], 'no-referrer', path);
    for (const rule of [/default-src 'none'/, /base-uri 'none'/, /frame-ancestors 'none'/])
      assert.match(headers['content-security-policy'] as string, rule, path);
  }
});

test('over the network nobody is known by default, and a page of another address reaches nothing', async () => {
  const console = await openConsole();
  for (const path of ['/api/v1/server', '/api/v1/keys', '/api/v1/server/settings'])
    assert.deepEqual(await console.problem(path), [401, 'not-signed-in'], path);
  const elsewhere = [
    { host: 'other.example' },
    { origin: 'https://other.example' },
    { 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of elsewhere)
    assert.deepEqual(
      await console.problem('/api/v1/server', headers),
      [403, 'not-allowed'],
      JSON.stringify(headers),
    );
});
