/** The LUKS2 token by which a drive names its key and carries the claim. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeDriveToken, findDriveTokens } from '#agent/drives/drive-token.ts';
import { parseLuks2Metadata } from '#agent/drives/luks2/luks2-metadata.ts';
import { CLAIM, CLAIM_TEXT, driveJson, type Json, KEY_ID } from './luks2/luks2-front.ts';

const NEWER = '01910000-0000-7abc-8def-0123456789ab';
const TOKEN: Json = { type: 'keystair', keyslots: ['0'], key: KEY_ID, claim: CLAIM_TEXT };

function withTokens(...tokens: readonly Json[]) {
  const json = { ...driveJson(), tokens: Object.fromEntries(tokens.entries()) };
  const metadata = parseLuks2Metadata(JSON.stringify(json));
  assert.ok(metadata !== undefined);
  return metadata;
}

void describe("Keystair's token on a drive", () => {
  void it('has exactly the form that people script against, and reads back', () => {
    const token = { keyId: KEY_ID, claim: CLAIM, keyslots: [0] };
    const text = encodeDriveToken(token);
    assert.equal(text, `{"type":"keystair","keyslots":["0"],"key":"${KEY_ID}","claim":"${CLAIM_TEXT}"}`);
    assert.deepEqual(findDriveTokens(withTokens(JSON.parse(text) as Json)).tokens, [token]);
  });

  void it('may be one of several: the newest key comes first, tokens of others do not count', () => {
    const metadata = withTokens(
      TOKEN,
      { type: 'systemd-tpm2', keyslots: [] },
      { ...TOKEN, key: NEWER },
      TOKEN,
    );
    const ids = findDriveTokens(metadata).tokens.map((token) => token.keyId);
    assert.deepEqual(ids, [NEWER, KEY_ID, KEY_ID]);
  });

  void it('is missing on a drive that Keystair never had', () => {
    assert.deepEqual(findDriveTokens(withTokens()), { tokens: [], malformed: [] });
  });

  const malformed: Readonly<Record<string, Json>> = {
    'no key id': { ...TOKEN, key: undefined },
    'a key id in upper case': { ...TOKEN, key: KEY_ID.toUpperCase() },
    'a claim with padding': { ...TOKEN, claim: `${CLAIM_TEXT}==` },
    'a claim that is not canonical': { ...TOKEN, claim: 'AAECAwQFBgcICQoLDA0ODx' },
    'a claim that is no text': { ...TOKEN, claim: 5 },
    'keyslots that are no list': { ...TOKEN, keyslots: '0' },
    'keyslots that are numbers': { ...TOKEN, keyslots: [0] },
    'a keyslot beyond the last': { ...TOKEN, keyslots: ['32'] },
    'a keyslot with a leading zero': { ...TOKEN, keyslots: ['00'] },
    'a keyslot that is not there': { ...TOKEN, keyslots: ['1'] },
    'no keyslot any more': { ...TOKEN, keyslots: [] },
    'a further field': { ...TOKEN, server: 'elsewhere' },
  };
  for (const [what, token] of Object.entries(malformed)) {
    void it(`with ${what} is refused, and does not hide a good one`, () => {
      assert.throws(() => findDriveTokens(withTokens(token)), { code: 'drive-altered' });
      const found = findDriveTokens(withTokens(token, TOKEN));
      assert.equal(found.tokens.length, 1);
      assert.deepEqual(
        found.malformed.map((each) => each.token),
        ['0'],
      );
    });
  }
});
