/** Whom browsers are told to call over TLS alone: a console under a name of its own, and not this machine. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { test } from 'node:test';
import { createAuthenticate } from '#server/http/people/console-entrance.ts';
import { openConsoleListener } from '#server/http/people/console-listener.ts';
import { createPeopleListener } from '#server/http/people/people-listener.ts';
import { cookieForm, createVisit } from '#server/http/people/visit.ts';
import { makeServerLeaf } from '#server/members/server-leaf.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { openServer } from '#test/support/server-in-process.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };

async function strictAt(url: string | undefined): Promise<(path: string) => Promise<unknown>> {
  const server = await openServer('Oslo', { heartbeats: false });
  const listener = await openConsoleListener({
    address: { secure: true, listen: { host: '127.0.0.1', port: 0 }, url },
    credentials: await makeServerLeaf(server.authority, server.name.id, ['127.0.0.1'], Date.now()),
    files: undefined,
    log: SILENT,
    timers: { after: () => () => {} },
  });
  const { known } = server.administration;
  const authenticate = createAuthenticate(known, cookieForm(server.name.id, true), listener.site);
  await listener.serve(
    createPeopleListener(server.administration, { site: listener.site, authenticate }, SILENT),
  );
  atTheEnd(() => listener.close());
  const [host, port] = [...listener.site.hosts].find((one) => one.startsWith('127.'))!.split(':');
  return (path) =>
    new Promise((resolve, reject) => {
      const call = request({ host, port, path, rejectUnauthorized: false, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.headers['strict-transport-security']);
      });
      call.on('error', reject);
      call.end();
    });
}

test('every answer under a name of its own tells browsers to use TLS alone, refusals too', async () => {
  const strict = await strictAt('https://keys.oslo.example:8444');
  for (const path of ['/healthz', '/api', '/api/v1/server', '/nothing'])
    assert.equal(await strict(path), 'max-age=31536000; includeSubDomains', path);
});

test('nothing on this machine is kept from its own browsers by a console beside it', async () => {
  for (const url of [undefined, 'https://localhost:8444', 'https://[::1]:8444'])
    assert.equal(await (await strictAt(url))('/healthz'), undefined, String(url));
});

test('over TLS a cookie is for this host and TLS alone, whoever else wants it', () => {
  const given: string[] = [];
  const reply = { header: (_name: string, value: string) => void given.push(value) };
  const request = { raw: { headers: {} } };
  const place = { address: '', url: '' };
  createVisit(request as never, reply as never, cookieForm('id', true), place).keepSession('token', 1000);
  assert.deepEqual(given, ['__Host-keystair-id=token; Path=/; Max-Age=1; HttpOnly; SameSite=Strict; Secure']);
});
