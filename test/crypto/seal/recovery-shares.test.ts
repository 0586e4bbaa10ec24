/** Recovery shares: any K of N give the key back, fewer do not, and every slip of a pen is told. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { combineRecoveryShares, parseRecoveryShare, splitRecoveryKey } from '#crypto/seal/recovery-shares.ts';
import { KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';

const SET = 'C0FFEE01';
const KEY = new Uint8Array(randomBytes(32));

function refusal(error: unknown, code: string): KeystairError {
  assert.ok(error instanceof KeystairError, String(error));
  assert.equal(error.code, code, error.sentence);
  return error;
}

async function refused(action: Promise<unknown>, code: string, says: RegExp): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.match(refusal(error, code).sentence, says);
    return true;
  });
}

function parse(texts: readonly string[]) {
  return texts.map((text, index) => parseRecoveryShare(text, index + 1));
}

test('any K of N shares, in any order, give the key; fewer are refused with how many are needed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 12 }).chain((shares) =>
        fc.record({
          shares: fc.constant(shares),
          threshold: fc.integer({ min: 2, max: shares }),
          order: fc.shuffledSubarray(
            Array.from({ length: shares }, (_, at) => at),
            { minLength: shares },
          ),
          key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        }),
      ),
      async ({ shares, threshold, order, key }) => {
        const all = parse(await splitRecoveryKey(key, { set: SET, shares, threshold }));
        const some = order.slice(0, threshold).map((at) => all[at]!);
        assert.deepEqual([...(await combineRecoveryShares(some, SET))], [...key]);
        await refused(
          combineRecoveryShares(some.slice(1), SET),
          'shares-missing',
          REFUSED['shares-missing'].needed(threshold),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('fewer shares, combined all the same by somebody who alters the threshold, do not give the key', async () => {
  const all = parse(await splitRecoveryKey(KEY, { set: SET, shares: 5, threshold: 3 }));
  const lying = all.slice(0, 2).map((share) => ({ ...share, threshold: 2 }));
  assert.notDeepEqual(await combineRecoveryShares(lying, SET), KEY);
});

test('a share reads back however it is typed: case, spaces, dashes, line breaks, O for 0, I and L for 1', async () => {
  const [text = ''] = await splitRecoveryKey(KEY, { set: SET, shares: 2, threshold: 2 });
  assert.match(text, /^([0-9A-HJKMNP-TV-Z]{5} ){5}[0-9A-HJKMNP-TV-Z]{5}\n/);
  const expected = parseRecoveryShare(text, 1);
  for (const typed of [
    text.toLowerCase(),
    text.replaceAll(/\s/g, ''),
    text.replaceAll(/\s/g, '-'),
    text.replaceAll('0', 'O').replaceAll('1', 'l'),
    `# Keystair recovery share 1 of 2\r\n${text.replaceAll('\n', '\r\n')}\r\n`,
  ]) {
    assert.deepEqual(parseRecoveryShare(typed, 1), expected);
  }
});

test('one other character, two swapped ones and two swapped groups are told with their group', async () => {
  const [text = ''] = await splitRecoveryKey(KEY, { set: SET, shares: 2, threshold: 2 });
  const plain = text.replaceAll(/\s/g, '');
  const groupOf = (typed: string): string => {
    try {
      parseRecoveryShare(typed, 2);
    } catch (error) {
      return refusal(error, 'share-invalid').message;
    }
    return 'accepted';
  };
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  for (let at = 0; at < plain.length; at += 1) {
    const expected = `share 2 is mistyped in group ${Math.floor(at / 5) + 1}`;
    for (const other of alphabet) {
      if (other === plain[at]) continue;
      assert.equal(groupOf(plain.slice(0, at) + other + plain.slice(at + 1)), expected);
    }
    // Two beside each other in one group.
    if (at % 5 < 3 && plain[at] !== plain[at + 1]) {
      const swapped = plain.slice(0, at) + plain[at + 1] + plain[at] + plain.slice(at + 2);
      assert.equal(groupOf(swapped), expected);
    }
  }
  const groups = plain.match(/.{5}/g) ?? [];
  [groups[3], groups[7]] = [groups[7]!, groups[3]!];
  assert.notEqual(groupOf(groups.join('')), 'accepted');
});

test('a share cut off, too long, empty or of anything else is refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      assert.throws(
        () => parseRecoveryShare(text, 1),
        (error) => refusal(error, 'share-invalid') !== undefined,
      );
    }),
    { numRuns: 3000 },
  );
});

test('a share of another set, and the same share twice, are told by their number', async () => {
  const ours = parse(await splitRecoveryKey(KEY, { set: SET, shares: 3, threshold: 2 }));
  const other = parse(await splitRecoveryKey(KEY, { set: '0BADF00D', shares: 3, threshold: 2 }));
  await refused(
    combineRecoveryShares([ours[0]!, other[1]!], SET),
    'share-invalid',
    REFUSED['share-invalid'].otherSetInFull,
  );
  await refused(
    combineRecoveryShares([ours[2]!, ours[2]!], SET),
    'share-invalid',
    REFUSED['share-invalid'].sameAgain,
  );
});

test('no refusal shows a part of a share', async () => {
  const [text = ''] = await splitRecoveryKey(KEY, { set: SET, shares: 2, threshold: 2 });
  const altered = `${text.slice(0, -1)}${text.endsWith('7') ? '8' : '7'}`;
  assert.throws(
    () => parseRecoveryShare(altered, 1),
    (error) => {
      const { sentence } = refusal(error, 'share-invalid');
      return text.split(/\s/).every((group) => !sentence.includes(group));
    },
  );
});
