/** What a browser is shown where nothing is, and what a program gets there. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CONSOLE_PAGES } from '#protocol/people/console-pages.ts';
import { type ConsoleInProcess, openConsole } from '#test/support/console-in-process.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
let console: ConsoleInProcess;

before(async () => {
  console = await openConsole(undefined, undefined, { pages: true });
});

test('a browser gets the console’s page, which says that nothing is here, as safe as every other page', async () => {
  const page = await console.get('/overview', BROWSER);
  for (const [method, path] of [
    ['GET', '/nowhere/at/all?x=1'],
    ['GET', '/KEYS'],
    ['PUT', '/overview'],
  ] as const) {
    const none = await console.send(method, path, undefined, BROWSER);
    assert.deepEqual([none.status, none.headers['content-type']], [404, 'text/html; charset=utf-8'], path);
    for (const name of ['cache-control', 'x-frame-options', 'x-content-type-options', 'referrer-policy'])
      assert.equal(none.headers[name], page.headers[name], name);
    const [nonce] = /'nonce-[^']+'/.exec(none.headers['content-security-policy'] as string) ?? [];
    assert.ok(nonce !== undefined && !page.headers['content-security-policy']!.includes(nonce));
    assert.ok(none.body.includes(nonce.slice(7, -1)));
  }
});

test('every page of the console is one that is there', async () => {
  for (const page of ['', ...CONSOLE_PAGES, 'groups', 'policy', 'set-up', 'sign-in'])
    assert.equal((await console.get(`/${page}`, BROWSER)).status, 200, page);
});

test('a program, a call of the API, and a page of another address get a problem document', async () => {
  for (const [path, headers, wanted] of [
    ['/nowhere', {}, [404, 'not-available-yet']],
    ['/nowhere', { accept: 'application/json' }, [404, 'not-available-yet']],
    ['/api/v1/nowhere', BROWSER, [404, 'not-available-yet']],
    ['/nowhere', { ...BROWSER, host: 'evil.example' }, [403, 'not-allowed']],
    ['/nowhere', { ...BROWSER, origin: 'https://evil.example' }, [403, 'not-allowed']],
  ] as const)
    assert.deepEqual(await console.problem(path, headers), wanted, JSON.stringify([path, headers]));
});
