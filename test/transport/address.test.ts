/** Addresses as people write them and as certificates name them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateName, parseAddress } from '#transport/address.ts';

test('an address is a host and a port, an IPv6 host in brackets', () => {
  assert.deepEqual(parseAddress('office.example:8443'), { host: 'office.example', port: 8443 });
  assert.deepEqual(parseAddress('192.0.2.1:1'), { host: '192.0.2.1', port: 1 });
  assert.deepEqual(parseAddress('[2001:db8::1]:65535'), { host: '2001:db8::1', port: 65_535 });
});

test('what is not an address is refused with an example of one', () => {
  const wrong = [
    '',
    'office',
    'office:',
    ':8443',
    'office:65536',
    '2001:db8::1:8443',
    '[office]:1',
    '[1.2.3.4]:1',
    'a b:1',
    'https://a:1',
    'a:1 ',
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseAddress(text),
      { code: 'invalid-argument', nextStep: /office\.example:8443/ },
      text,
    );
  }
});

test('a certificate names hosts, not ports, and writes foreign letters as the name service does', () => {
  assert.deepEqual(certificateName('office.example:8443'), { type: 'dns', value: 'office.example' });
  assert.deepEqual(certificateName('büro.example'), { type: 'dns', value: 'xn--bro-hoa.example' });
  assert.deepEqual(certificateName('192.0.2.1:8443'), { type: 'ip', value: '192.0.2.1' });
  assert.deepEqual(certificateName('[2001:db8::1]:8443'), { type: 'ip', value: '2001:db8::1' });
  assert.deepEqual(certificateName('2001:db8::1'), { type: 'ip', value: '2001:db8::1' });
  assert.throws(() => certificateName('a b'), { code: 'invalid-argument' });
});
