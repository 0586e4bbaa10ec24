/** Where a request comes from: the last address that no trusted proxy stands for, whatever the request says of itself. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { callerAddress, readTrustedProxies } from '#server/http/people/console-site.ts';

function from(remoteAddress: string, forwarded: string | undefined, ...trusted: string[]): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
  return callerAddress(request, readTrustedProxies(trusted));
}

test('a caller who comes without a proxy is where the connection comes from, whatever they say', () => {
  assert.equal(from('198.51.100.7', undefined), '198.51.100.7');
  assert.equal(from('198.51.100.7', '192.0.2.1'), '198.51.100.7');
  assert.equal(from('::ffff:198.51.100.7', '192.0.2.1'), '198.51.100.7');
  assert.equal(from('127.0.0.1', '192.0.2.1'), '127.0.0.1', 'no proxy is trusted unasked');
});

test('behind trusted proxies it is who spoke to the first of them, and not whom that one named before', () => {
  assert.equal(from('127.0.0.1', '198.51.100.7', '127.0.0.1'), '198.51.100.7');
  assert.equal(from('127.0.0.1', '192.0.2.1, 198.51.100.7', '127.0.0.1'), '198.51.100.7');
  assert.equal(
    from('127.0.0.1', '192.0.2.1,198.51.100.7, 10.0.0.9', '127.0.0.1', '10.0.0.0/8'),
    '198.51.100.7',
  );
  assert.equal(from('127.0.0.1', '127.0.0.1, 198.51.100.7', '127.0.0.1'), '198.51.100.7');
  assert.equal(from('::1', '2001:db8::7', '::1'), '2001:db8::7');
});

test('what is no address counts for nothing', () => {
  for (const said of ['', 'x', 'unknown', '"198.51.100.7:443"', '198.51.100.7, ', '192.0.2.1, x', '\u0000'])
    assert.equal(from('127.0.0.1', said, '127.0.0.1'), '127.0.0.1', JSON.stringify(said));
});

test('what is no proxy is refused in the configuration', () => {
  for (const wrong of ['proxy.example', '10.0.0.0/33', '::1/129', '10.0.0.0/x', '', '*'])
    assert.throws(() => readTrustedProxies([wrong]), KeystairError, wrong);
});
