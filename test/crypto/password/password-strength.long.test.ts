/** Which passwords may protect something: none that people are known to choose, and none made of what everybody knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dictionary } from '@zxcvbn-ts/language-common';
import { requireStrongPassword } from '#crypto/password/password-strength.ts';

const WEAK = { code: 'password-weak' };

test('every common password that is long enough is refused', async () => {
  const words = dictionary['passwords-common'];
  // The list begins with the most common.
  const common = words.filter((password) => password.length >= 12);
  assert.ok(common.length >= 100, String(common.length));
  for (const password of common) await assert.rejects(requireStrongPassword(password), WEAK, password);
});

test('no kind of character is asked for, and a long password is as good as it is', async () => {
  for (const password of [
    'walnut carpet engine drizzle',
    'лампа ведро сосна рельс',
    'x7'.repeat(3) + 'qmzvpwkrt'.repeat(8),
  ])
    await requireStrongPassword(password);
});

test('what is made of the names of the person, of the server or of this program is refused', async () => {
  const known = ['Aurelius Brandvold', 'Nordkapphavna'];
  for (const password of [
    'Aurelius Brandvold',
    'aurelius brandvold1',
    'Nordkapphavna2026',
    'keystairkeystair',
  ])
    await assert.rejects(requireStrongPassword(password, known), WEAK, password);
  await requireStrongPassword('Aurelius Brandvold', []);
});
