/** Recovery passwords of other systems: a slip is found before the password is needed, and none is quoted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { codeOf } from '#domain/errors.ts';
import { readRecoveryPassword, type RecoveryKind } from '#domain/recovery-password.ts';

const ID = '2d1f3a4b-5c6d-7e8f-9a0b-1c2d3e4f5a6b';

/** Eight numbers of 16 bits, times eleven. */
const bitlocker = fc
  .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
  .map((numbers) => numbers.map((one) => String(one * 11).padStart(6, '0')).join('-'));

function refused(kind: RecoveryKind, id: string, text: string): string {
  let sentence = '';
  assert.throws(
    () => readRecoveryPassword(kind, id, text),
    (error: Error) => {
      sentence = error.message;
      return codeOf(error) === 'invalid-argument';
    },
  );
  return sentence;
}

test('a BitLocker password is taken with any separator, and its id without braces in capitals', () => {
  fc.assert(
    fc.property(bitlocker, fc.constantFrom('-', ' ', ''), (password, between) => {
      const text = `${password.replaceAll('-', between)}\r\n`;
      assert.deepEqual(readRecoveryPassword('bitlocker', `{${ID}}`, text), {
        kind: 'bitlocker',
        id: ID.toUpperCase(),
        password,
      });
    }),
  );
});

test('one wrong digit of a BitLocker password is refused, and its group is named', () => {
  fc.assert(
    fc.property(
      bitlocker,
      fc.nat(7),
      fc.nat(5),
      fc.integer({ min: 1, max: 9 }),
      (password, group, at, by) => {
        const groups = password.split('-');
        const digits = groups[group]!.split('');
        digits[at] = String((Number(digits[at]) + by) % 10);
        groups[group] = digits.join('');
        const sentence = refused('bitlocker', ID, groups.join('-'));
        assert.match(sentence, new RegExp(`group ${group + 1} of the 8 `));
        assert.ok(groups.every((one) => !sentence.includes(one)));
      },
    ),
  );
});

test('what is no BitLocker password is refused: too few digits, letters, a number of 17 bits', () => {
  const seven = '000011-'.repeat(7);
  for (const text of ['', '000011', seven, `${seven}00001x`, `${seven}000011-000011`]) {
    refused('bitlocker', ID, text);
  }
  assert.match(refused('bitlocker', ID, `${seven}720896`), /group 8 /);
  for (const id of ['', '2d1f3a4b', `${ID}0`, `{${ID}`.repeat(2)]) refused('bitlocker', id, `${seven}000011`);
});

test('a FileVault key is taken in small letters and without dashes', () => {
  const key = 'ABCD-EFGH-IJKL-MNOP-QRST-1234';
  for (const text of [key, key.toLowerCase(), key.replaceAll('-', '')]) {
    assert.equal(readRecoveryPassword('filevault', 'C02XK0AAJG5H', text).password, key);
  }
  refused('filevault', 'C02XK0AAJG5H', 'ABCD-EFGH');
});

test('any other password is one line of text, kept as it is', () => {
  assert.equal(readRecoveryPassword('other', 'NAS 4', ' Blå 7 \n').password, 'Blå 7');
  for (const text of ['', '\n', 'two\nlines', 'x'.repeat(4097)]) refused('other', 'NAS 4', text);
  for (const id of ['', 'x'.repeat(300), 'a\u202eb']) refused('other', id, 'x');
});
