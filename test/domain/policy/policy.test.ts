/**
 * What an administrator may write into a policy: all that a device could not carry out is refused where it is written,
 * with words that name the setting. What a later release wrote is never refused where it is read.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contradictions, policyFaults, policyInvalid, readSettings } from '#domain/policy/policy.ts';
import { POLICY_BYTES_MAX, REMOVABLE_EXCEPTIONS_MAX } from '#domain/policy/policy-limits.ts';
import { POLICY_DEFAULTS, removableRule } from '#domain/policy/settings.ts';

const faultsOf = (document: unknown): readonly (string | undefined)[] =>
  policyFaults(document).map(({ setting }) => setting);

test('a policy with every setting is accepted', () => {
  const full = {
    ...POLICY_DEFAULTS,
    removableExceptions: [
      { serial: '4C530001', rule: 'leave', remark: 'camera of the workshop' },
      { model: 'SanDisk Ultra', rule: 'refuse' },
    ],
    encryptedFolders: ['/srv/contracts', '/srv/letters'],
    locked: Object.keys(POLICY_DEFAULTS),
  };
  assert.deepEqual(policyFaults(full), []);
  assert.deepEqual(policyFaults({}), []);
});

test('a setting and a value that are misspelled are refused with what was meant', () => {
  const [setting, value] = policyFaults({ fixedDrive: 'require', removableDrives: 'readonly' });
  assert.equal(setting?.setting, 'fixedDrive');
  assert.match(setting.problem, /did you mean fixedDrives/);
  assert.equal(value?.setting, 'removableDrives');
  assert.match(value.problem, /did you mean read-only/);
});

test('a value that a setting cannot have is refused', () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    fixedDrives: ['encrypt', '', null, 1, ['leave']],
    removableDrives: ['require'],
    encryptedFolders: [
      'no list',
      [1],
      ['Documents'],
      ['./Documents'],
      ['/'],
      ['/etc/ssl'],
      ['/var/lib'],
      ['/srv/../etc'],
      ['/srv/'],
      ['/srv//a'],
      ['/srv/*/letters'],
      ['/srv/a\nb'],
      ['/srv/a', '/srv/a'],
      Array.from({ length: 65 }, (_, at) => `/srv/${at}`),
    ],
    driveAlgorithms: [['aes-cbc-plain'], 'aes-xts-plain64/512'],
    fileAlgorithm: ['age', 'aes-xts-plain64/512'],
    fileIdentityDays: [0, 366, 1.5, '30', Number.NaN],
    rotateAfterReveal: ['true', 1],
    rotateAfterMove: [null],
    rotateAfterDays: [0, 3651, 'always'],
    headerBackup: ['on'],
    proofHours: [0, 25],
  };
  for (const [setting, values] of Object.entries(wrong)) {
    for (const value of values)
      assert.deepEqual(faultsOf({ [setting]: value }), [setting], JSON.stringify({ [setting]: value }));
  }
});

test('an exception for removable drives that can never count is refused', () => {
  const rule = 'leave';
  const never: readonly unknown[] = [
    { rule },
    { serial: '1', model: '2', rule },
    { serial: '', rule },
    { serial: ' 4C53', rule },
    { model: 'San\u200bDisk', rule },
    { serial: 'x'.repeat(129), rule },
    { serial: '4C53' },
    { serial: '4C53', rule: 'encrypt' },
    { serial: '4C53', rule, note: 'no such field' },
    { serial: '4C53', rule, remark: '' },
  ];
  for (const one of never)
    assert.deepEqual(faultsOf({ removableExceptions: [one] }), ['removableExceptions'], JSON.stringify(one));
  const twice = [
    { serial: '4C53', rule },
    { serial: '4C53', rule: 'refuse' },
  ];
  assert.deepEqual(faultsOf({ removableExceptions: twice }), ['removableExceptions']);
  const tooMany = Array.from({ length: REMOVABLE_EXCEPTIONS_MAX + 1 }, (_, at) => ({
    serial: `s${at}`,
    rule,
  }));
  assert.deepEqual(faultsOf({ removableExceptions: tooMany }), ['removableExceptions']);
  assert.deepEqual(faultsOf({ removableExceptions: tooMany.slice(1) }), []);
});

test('a lock on what the policy does not set is refused', () => {
  assert.deepEqual(faultsOf({ locked: ['fixedDrives'] }), ['locked']);
  assert.deepEqual(faultsOf({ fixedDrives: 'leave', locked: ['fixedDrive'] }), ['locked']);
  assert.deepEqual(faultsOf({ fixedDrives: 'leave', locked: ['fixedDrives', 'fixedDrives'] }), ['locked']);
  assert.deepEqual(faultsOf({ fixedDrives: 'leave', locked: 'fixedDrives' }), ['locked']);
});

test('a policy that demands encrypted drives and allows no cipher to make them contradicts itself', () => {
  const without = ['serpent-xts-plain64/512'];
  assert.deepEqual(faultsOf({ fixedDrives: 'require', driveAlgorithms: without }), ['driveAlgorithms']);
  assert.deepEqual(faultsOf({ fixedDrives: 'take-into-custody', driveAlgorithms: [] }), ['driveAlgorithms']);
  const exception = [{ serial: '4C53', rule: 'encrypt-before-writing' }];
  assert.equal(contradictions({ removableExceptions: exception, driveAlgorithms: without }).length, 1);
  assert.deepEqual(faultsOf({ fixedDrives: 'take-into-custody', driveAlgorithms: without }), []);
});

test('a policy above its bound, or no object, is refused as a whole', () => {
  assert.deepEqual(faultsOf({ later: 'x'.repeat(POLICY_BYTES_MAX) }), [undefined]);
  for (const other of [null, [], 'leave', 1]) assert.deepEqual(faultsOf(other), [undefined]);
});

test('however many faults a policy has, the first ones are named and the rest is counted', () => {
  const faults = policyFaults(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`wrong${at}`, 1])));
  const error = policyInvalid(faults, 'change it');
  assert.equal(error.code, 'policy-invalid');
  assert.equal((error.details as { faults: unknown[] }).faults.length, 10);
  assert.match(error.message, /^wrong0 is not a setting; .*; and 2 more$/);
});

test('of a policy of a later release, a device does what it knows and names what it does not', () => {
  const { settings, notKnown } = readSettings({
    fixedDrives: 'take-into-custody',
    removableDrives: 'ask-somebody',
    printers: 'refuse',
    __proto__: 1,
  });
  assert.equal(settings.fixedDrives, 'take-into-custody');
  assert.equal(settings.removableDrives, POLICY_DEFAULTS.removableDrives);
  assert.deepEqual(notKnown, [
    { setting: 'removableDrives', what: 'value' },
    { setting: 'printers', what: 'setting' },
  ]);
});

test('the serial number of a removable drive counts before its model, and its model before the default', () => {
  const policy = {
    removableDrives: 'refuse',
    removableExceptions: [
      { model: 'Ultra', rule: 'read-only' },
      { serial: '4C53', rule: 'leave' },
    ],
  } as const;
  assert.equal(removableRule(policy, { serial: '4C53', model: 'Ultra' }), 'leave');
  assert.equal(removableRule(policy, { serial: 'other', model: 'Ultra' }), 'read-only');
  assert.equal(removableRule(policy, { serial: 'other', model: 'other' }), 'refuse');
  assert.equal(removableRule(policy, {}), 'refuse');
});
