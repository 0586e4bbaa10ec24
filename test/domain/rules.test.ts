/** The small rules of the domain: claims, positions, links, receipts, invitations, refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { claimFits, claimFromText, claimToText, hashClaim } from '#domain/claim.ts';
import { isClaimText } from '#domain/claim-text.ts';
import { KeystairError } from '#domain/errors.ts';
import { judgeLink, type LinkState } from '#domain/hierarchy.ts';
import { decodeInvitation, encodeInvitation, type Invitation } from '#domain/invitation.ts';
import { LOOKUP_REASONS } from '#domain/lookup-reason.ts';
import { explainRefusal } from '#domain/lookup.ts';
import { told } from '#domain/step.ts';
import { addToTotals, NO_RECEIPTS } from '#domain/receipt.ts';
import { requireRights, LOCAL_ADMINISTRATOR, RIGHTS } from '#domain/right.ts';
import { judgeAcknowledged, nextChainValue, SEQUENCE_START } from '#domain/sequence.ts';

const claims = fc.uint8Array({ minLength: 16, maxLength: 16 });

void test('a claim has exactly one spelling, and it comes back as it was', () => {
  fc.assert(
    fc.property(claims, (claim) => {
      const text = claimToText(claim);
      assert.equal(text.length, 22);
      assert.deepEqual(claimFromText(text), claim);
      // The last character carries four bits only; its neighbours in the alphabet spell the same bytes.
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
      const sloppy = text.slice(0, 21) + alphabet[alphabet.indexOf(text[21]!) + 1]!;
      assert.equal(isClaimText(sloppy), false);
      for (const other of [`${text}==`, `${text}A`, text.slice(1), ` ${text}`, `${text}\n`])
        assert.equal(isClaimText(other), false);
    }),
  );
});

void test('a claim that is wrong by one bit does not fit', () => {
  fc.assert(
    fc.property(claims, fc.nat(127), (claim, bit) => {
      const wrong = Uint8Array.from(claim);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(claimFits(claim, hashClaim(claim)), true);
      assert.equal(claimFits(wrong, hashClaim(claim)), false);
    }),
  );
});

void test('a DMZ mark at either end closes the link whatever the options say', () => {
  const option = fc.constantFrom(true, false, undefined);
  fc.assert(
    fc.property(
      fc.boolean(),
      option,
      fc.boolean(),
      option,
      (ownOption, neighbourOption, ownDmz, neighbourDmz) => {
        const link: LinkState = { ownOption, neighbourOption, ownDmz, neighbourDmz };
        const open = ownOption && neighbourOption === true && !ownDmz && neighbourDmz === false;
        assert.equal(judgeLink(link) === 'open', open);
        if (ownDmz || neighbourDmz === true) assert.equal(judgeLink(link), 'dmz');
      },
    ),
  );
});

void test('two sequences that differ anywhere have different chain values from there on', () => {
  const digests = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 20 });
  const chainOf = (list: readonly Uint8Array[]) =>
    list.reduce<Uint8Array>((chain, digest) => nextChainValue(chain, digest), SEQUENCE_START.chain);
  fc.assert(
    fc.property(digests, fc.nat(), fc.nat(255), (list, where, bit) => {
      const changed = list.map((digest) => Uint8Array.from(digest));
      changed[where % list.length]![bit >> 3]! ^= 1 << (bit & 7);
      assert.notDeepEqual(chainOf(list), chainOf(changed));
    }),
  );
});

void test('a server behind its primary, or with another past, begins a new epoch', () => {
  const at = { seq: 3, chain: new Uint8Array(32).fill(3) };
  assert.equal(judgeAcknowledged(at, undefined), 'new-epoch');
  assert.equal(judgeAcknowledged(at, new Uint8Array(32).fill(4)), 'new-epoch');
  assert.equal(judgeAcknowledged(at, new Uint8Array(32).fill(3)), 'continue');
});

void test('receipt totals do not depend on the order, and tell any missing one', () => {
  const ids = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(ids, fc.nat(), (list, which) => {
      const whole = addToTotals(NO_RECEIPTS, list);
      assert.deepEqual(addToTotals(NO_RECEIPTS, list.toReversed()), whole);
      assert.deepEqual(addToTotals(addToTotals(NO_RECEIPTS, list.slice(0, 1)), list.slice(1)), whole);
      const less = list.toSpliced(which % list.length, 1);
      assert.notDeepEqual(addToTotals(NO_RECEIPTS, less), whole);
    }),
  );
});

const invitation: Invitation = {
  kind: 'device',
  server: { id: '019a0000-0000-4000-8000-00000000000a', name: 'Oslo' },
  addresses: ['keys.oslo.example:7443'],
  authority: 'ab'.repeat(32),
  secret: Buffer.alloc(32, 7).toString('base64url'),
  expiresAt: '2026-12-01T00:00:00.000Z',
};

void test('an invitation survives mail, and a cut or altered one is told from a foreign text', () => {
  const word = encodeInvitation(invitation);
  assert.match(word, /^[\w.-]+$/);
  assert.deepEqual(decodeInvitation(`  ${word}\n`), invitation);
  fc.assert(
    fc.property(fc.nat(word.length - 2), (length) => {
      assert.throws(
        () => decodeInvitation(word.slice(0, length + 1)),
        (error) => (error as KeystairError).code === 'invitation-invalid',
      );
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      assert.throws(
        () => decodeInvitation(text),
        (error) => (error as KeystairError).code === 'invitation-invalid',
      );
    }),
  );
});

void test('every refusal of a lookup names the server and a next step', () => {
  for (const reason of LOOKUP_REASONS) {
    const at = { id: 'x', name: 'Lyon' };
    const { sentence, nextStep: next } = explainRefusal({
      reason,
      at,
      asked: [at, { id: 'y', name: 'Root' }],
      since: null,
    });
    assert.ok(sentence.includes('Lyon'), reason);
    const { nextStep } = told(next);
    assert.ok(nextStep.length > 10, reason);
    assert.ok(!sentence.endsWith('.') && !nextStep.endsWith('.'), reason);
    if (reason === 'link-in-dmz') assert.match(nextStep, /export.*import/);
  }
});

void test('a person may do what they were given and nothing else, and a refusal names what is lacking', () => {
  for (const required of RIGHTS) {
    for (const given of RIGHTS) {
      const person = { id: null, session: null, name: 'somebody', rights: [given] };
      const demand = () => requireRights(person, [given, required]);
      if (given === required) demand();
      else assert.throws(demand, { code: 'not-allowed', details: { ...required } });
    }
    assert.throws(() => requireRights({ id: null, session: null, name: 'nobody', rights: [] }, [required]), {
      code: 'not-allowed',
    });
  }
  requireRights(LOCAL_ADMINISTRATOR, RIGHTS);
});
