/** Addresses as people write them and as certificates name them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateName, parseAddress } from '#transport/address.ts';
import { UNREACHABLE } from '#test/sentences/unreachable.ts';

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
      { code: 'invalid-argument', nextStep: UNREACHABLE.addressForms },
      text,
    );
  }
});

test('a host that two programs would read as two hosts is refused', () => {
  // IPs in other spellings, which the name service takes for such.
  const spelt = ['127.1', '0x7f000001', '2130706433', '0177.0.0.1', '\uff11\uff12\uff17.0.0.1', '1.2.3.4.5'];
  // Ends or means something else in a URL.
  const cut = ['a?b', 'a#b', 'a\\b', '%31', 'a%00b', 'a"b', 'a,b', '*', '*.example'];
  // Nothing that can be seen or asked for.
  const unseen = [
    'a\0b',
    'a\u001bb',
    '\u202ea',
    '.',
    '..',
    'a..b',
    '-a',
    'a-',
    'x'.repeat(64),
    'x.'.repeat(130),
  ];
  const ambiguous = [...spelt, ...cut, ...unseen];
  for (const host of ambiguous) {
    assert.throws(() => parseAddress(`${host}:8443`), { code: 'invalid-argument' }, JSON.stringify(host));
    assert.throws(() => certificateName(host), { code: 'invalid-argument' }, JSON.stringify(host));
  }
  for (const host of [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'server_1',
    'b\u00fcro.example',
    'x'.repeat(63),
    '7.example',
  ]) {
    assert.equal(parseAddress(`${host}:8443`).host, host);
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
