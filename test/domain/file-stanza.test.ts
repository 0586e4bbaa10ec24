/** The stanza by which an age file names its key: canonical, or refused. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { codeOf } from '#domain/errors.ts';
import { type AgeStanza, encodeFileStanza, findFileStanza } from '#domain/file-stanza.ts';

const KEY_ID = '01900000-0000-7abc-8def-0123456789ab';
const CLAIM = 'AAECAwQFBgcICQoLDA0ODw';
const EMPTY = new Uint8Array(0);

function stanza(...args: readonly string[]): AgeStanza {
  return { args, body: EMPTY };
}

const OTHER: AgeStanza = { args: ['X25519', 'share'], body: new Uint8Array(32) };

function refusal(stanzas: readonly AgeStanza[]): string {
  try {
    findFileStanza(stanzas);
  } catch (error) {
    return codeOf(error);
  }
  return 'accepted';
}

void describe("Keystair's stanza in an age file", () => {
  void it('has exactly the form that people script against', () => {
    const claim = Uint8Array.from({ length: 16 }, (_, index) => index);
    assert.deepEqual(encodeFileStanza({ keyId: KEY_ID, claim }), ['keystair', KEY_ID, CLAIM]);
  });

  void it('gives back the key id and claim that went in, wherever it stands among the stanzas', () => {
    for (let round = 0; round < 200; round += 1) {
      const made = { keyId: randomUUID(), claim: Uint8Array.from(randomBytes(16)) };
      const ours = stanza(...encodeFileStanza(made));
      assert.deepEqual(findFileStanza([ours]), made);
      assert.deepEqual(findFileStanza([OTHER, ours, OTHER]), made);
    }
  });

  void it('is missing in a file that somebody else encrypted, which is said and not called damage', () => {
    assert.equal(refusal([OTHER]), 'file-not-encrypted');
    assert.equal(refusal([stanza('Keystair', KEY_ID, CLAIM)]), 'file-not-encrypted');
  });

  void it('is refused when there are two, even equal ones', () => {
    assert.equal(
      refusal([stanza('keystair', KEY_ID, CLAIM), stanza('keystair', KEY_ID, CLAIM)]),
      'file-damaged',
    );
  });

  const damaged: Readonly<Record<string, AgeStanza>> = {
    'no claim': stanza('keystair', KEY_ID),
    'no key id': stanza('keystair'),
    'a further argument': stanza('keystair', KEY_ID, CLAIM, 'more'),
    'a key id in upper case': stanza('keystair', KEY_ID.toUpperCase(), CLAIM),
    'a key id without dashes': stanza('keystair', KEY_ID.replaceAll('-', ''), CLAIM),
    'a claim with padding': stanza('keystair', KEY_ID, `${CLAIM}==`),
    'a claim whose unused bits are set': stanza('keystair', KEY_ID, 'AAECAwQFBgcICQoLDA0ODx'),
    'a claim in the URL alphabet': stanza('keystair', KEY_ID, '-_ECAwQFBgcICQoLDA0ODw'),
    'a claim of 15 bytes': stanza('keystair', KEY_ID, 'AAECAwQFBgcICQoLDA0O'),
    'a claim of 17 bytes': stanza('keystair', KEY_ID, 'AAECAwQFBgcICQoLDA0ODxA'),
    'a body': { args: ['keystair', KEY_ID, CLAIM], body: new Uint8Array(1) },
  };
  for (const [what, ours] of Object.entries(damaged)) {
    void it(`is refused with ${what}`, () => assert.equal(refusal([OTHER, ours]), 'file-damaged'));
  }
});
