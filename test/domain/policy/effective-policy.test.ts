/** What holds for a device: the setting nearest to it, unless one further up is locked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  effectiveDocument,
  effectiveValues,
  mergePolicies,
  policyDigest,
} from '#domain/policy/effective-policy.ts';

const merge = (...documents: Record<string, unknown>[]) =>
  mergePolicies(documents.map((document, source) => ({ source, document })));

test('a group changes what the groups above it set, and inherits the rest', () => {
  const merged = merge({ fixedDrives: 'require', proofHours: 12 }, {}, { proofHours: 6 });
  assert.deepEqual(effectiveValues(merged), { fixedDrives: 'require', proofHours: 6 });
  assert.deepEqual(
    merged.settings.map(({ setting, source }) => [setting, source]),
    [
      ['fixedDrives', 0],
      ['proofHours', 2],
    ],
  );
});

test('a locked setting holds for all groups below, and what they say of it is named as overruled', () => {
  const merged = merge({ proofHours: 12 }, { proofHours: 8, locked: ['proofHours'] }, { proofHours: 6 });
  assert.deepEqual(effectiveValues(merged), { proofHours: 8 });
  assert.deepEqual(merged.overruled, [{ setting: 'proofHours', source: 2, by: 1 }]);
});

test('a lock of a setting that is locked further up locks nothing more', () => {
  const merged = merge(
    { proofHours: 12, locked: ['proofHours'] },
    { proofHours: 8, locked: ['proofHours'] },
    { proofHours: 6 },
  );
  assert.deepEqual(merged.overruled, [
    { setting: 'proofHours', source: 1, by: 0 },
    { setting: 'proofHours', source: 2, by: 0 },
  ]);
});

test('a group that says what is locked above says nothing against it', () => {
  assert.deepEqual(merge({ proofHours: 6, locked: ['proofHours'] }, { proofHours: 6 }).overruled, []);
});

test('settings of a later release are inherited and locked like others', () => {
  const merged = merge({ printers: { allow: [] }, locked: ['printers'] }, { printers: 'all' });
  assert.deepEqual(effectiveDocument(merged), { printers: { allow: [] }, locked: ['printers'] });
});

test('equal policies have equal digests, whatever the order of their settings', () => {
  assert.equal(policyDigest({ a: 1, b: [1] }), policyDigest({ b: [1], a: 1 }));
  assert.notEqual(policyDigest({ a: 1 }), policyDigest({ a: 2 }));
  assert.match(policyDigest({}), /^[0-9a-f]{16}$/);
});
