/** The configuration of forwarding: what is wrong in it is refused at the start, with the name of what is wrong. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import { readConfig } from '#server/config.ts';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';

const inFolder = temporaryFolder('forward-config');

function read(...forward: readonly object[]) {
  writeFileSync(inFolder('config.json'), JSON.stringify({ audit: { forward } }));
  return readConfig({ data: inFolder('data'), config: inFolder('config.json') }).forwarding;
}

const HOOK = { name: 'hook', kind: 'webhook', url: 'https://chat.example/x', secretFile: '/etc/s' };
const SYSLOG = { name: 'siem', kind: 'syslog', host: 'siem.example' };

test('each kind of receiver has its defaults', () => {
  const [file, siem, hook] = read({ name: 'file', kind: 'file', path: '/var/log/k' }, SYSLOG, HOOK);
  assert.deepEqual(file, {
    name: 'file',
    kind: 'file',
    path: '/var/log/k',
    format: 'keystair',
    from: 'beginning',
  });
  assert.equal(siem?.kind === 'syslog' && siem.port, 6514);
  assert.deepEqual(hook?.kind === 'webhook' && [hook.url.href, hook.allowAddresses], [
    'https://chat.example/x',
    [],
  ]);
  assert.deepEqual(read(), []);
});

test('what cannot be forwarded to is refused before the server starts', () => {
  const wrong: readonly (readonly [object | readonly object[], RegExp])[] = [
    [[SYSLOG, { ...HOOK, name: 'siem' }], /names siem twice/],
    [{ ...SYSLOG, name: 'Über' }, /audit\.forward\.0\.name/],
    [{ ...SYSLOG, name: '' }, /audit\.forward\.0\.name/],
    [{ ...SYSLOG, kind: 'udp' }, /audit\.forward\.0/],
    [{ ...SYSLOG, port: 0 }, /audit\.forward\.0\.port/],
    [{ ...SYSLOG, host: 'siem.example/x' }, /host for siem/],
    [{ ...SYSLOG, certificateFile: '/etc/c' }, /half a pair/],
    [{ ...SYSLOG, path: '/x' }, /unknown name path/],
    [{ ...SYSLOG, format: 'cef' }, /audit\.forward\.0\.format/],
    [{ ...HOOK, url: 'http://chat.example/x' }, /none that a webhook can have/],
    [{ ...HOOK, url: 'https://a:b@chat.example/x' }, /none that a webhook can have/],
    [{ ...HOOK, allowAddresses: ['localhost'] }, /IP address/],
    [{ ...HOOK, secret: 'whsec_x' }, /unknown name secret/],
    [{ name: 'file', kind: 'file' }, /audit\.forward\.0\.path/],
    [Array.from({ length: 11 }, (_, at) => ({ ...SYSLOG, name: `s${at}` })), /audit\.forward/],
  ];
  for (const [given, words] of wrong) {
    assert.throws(
      () => read(...(Array.isArray(given) ? (given as object[]) : [given])),
      (error) =>
        error instanceof KeystairError && error.code === 'invalid-argument' && words.test(error.message),
      JSON.stringify(given),
    );
  }
});
