/** Identities of age: what was sealed to one is opened by it, and by no other. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Encrypter, Stanza } from 'age-encryption';
import { AGE_ALGORITHMS } from '#domain/age-algorithm.ts';
import { makeAgeIdentity, recipientOf, unwrapFileKey } from '#crypto/age-identity.ts';
import { codeOf } from '#domain/errors.ts';
import type { AgeStanza } from '#domain/file-stanza.ts';
import { KeyMaterial } from '#domain/key-material.ts';

/** The stanzas that typage makes for these recipients, and the file key in them. */
async function wrapped(
  recipients: readonly string[],
): Promise<{ stanzas: AgeStanza[]; fileKey: Uint8Array }> {
  const encrypter = new Encrypter();
  let fileKey = new Uint8Array(0);
  encrypter.addRecipient({
    wrapFileKey: (shown: Uint8Array) => {
      fileKey = Uint8Array.from(shown);
      return [new Stanza(['grease', 'x'], new Uint8Array(5))];
    },
  });
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const header = Buffer.from(await encrypter.encrypt('')).toString('latin1');
  const stanzas: AgeStanza[] = [];
  for (const part of header.split('\n---')[0]!.split('\n-> ').slice(1)) {
    const [args, ...body] = part.split('\n');
    stanzas.push({ args: args!.split(' '), body: Uint8Array.from(Buffer.from(body.join(''), 'base64')) });
  }
  return { stanzas, fileKey };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: unknown) => codeOf(error),
  );
}

void describe('an age identity', () => {
  for (const algorithm of AGE_ALGORITHMS) {
    void it(`of ${algorithm} unwraps the file key that was wrapped for it, among other recipients`, async () => {
      const { identity, recipient } = await makeAgeIdentity(algorithm);
      const other = await makeAgeIdentity(algorithm);
      const { stanzas, fileKey } = await wrapped([other.recipient, recipient]);
      assert.equal(await recipientOf(identity), recipient);
      assert.deepEqual(await unwrapFileKey(identity, stanzas), fileKey);
    });

    void it(`of ${algorithm} opens nothing that is for somebody else`, async () => {
      const { identity } = await makeAgeIdentity(algorithm);
      for (const other of AGE_ALGORITHMS) {
        const { stanzas } = await wrapped([(await makeAgeIdentity(other)).recipient]);
        assert.equal(await unwrapFileKey(identity, stanzas), null);
      }
      assert.equal(await unwrapFileKey(identity, []), null);
    });

    void it(`of ${algorithm} refuses a malformed stanza of its own kind as damage`, async () => {
      const { identity, recipient } = await makeAgeIdentity(algorithm);
      const { stanzas } = await wrapped([recipient]);
      const { args, body } = stanzas[1]!;
      const malformed: readonly AgeStanza[] = [
        { args: [...args, 'more'], body },
        { args: args.slice(0, 1), body },
        { args: [args[0]!, args[1]!.slice(1)], body },
        { args: [args[0]!, `${args[1]!}==`], body },
        { args, body: body.subarray(1) },
        { args, body: Buffer.concat([body, randomBytes(16)]) },
      ];
      for (const stanza of malformed) {
        assert.equal(await refusal(unwrapFileKey(identity, [stanza])), 'file-damaged');
      }
    });
  }

  void it('of the default kind is post-quantum', async () => {
    const { identity, recipient } = await makeAgeIdentity('age-mlkem768x25519');
    assert.match(identity.exposeText() ?? '', /^AGE-SECRET-KEY-PQ-1[A-Z0-9]+$/);
    assert.match(recipient, /^age1pq1[a-z0-9]+$/);
  });

  void it('never prints', async () => {
    const made = await makeAgeIdentity('age-x25519');
    assert.doesNotMatch(inspect(made) + JSON.stringify(made) + String(made.identity), /SECRET/i);
  });

  void it('that is none is refused without being quoted', async () => {
    for (const text of [
      'AGE-SECRET-KEY-1NOTBECH32',
      'AGE-SECRET-KEY-PQ-1QQ',
      'a passphrase',
      'AGE-PLUGIN-X-1QQ',
    ]) {
      const material = KeyMaterial.fromText(text);
      for (const attempt of [unwrapFileKey(material, []), recipientOf(material)]) {
        const error = await attempt.then(
          () => assert.fail('accepted'),
          (thrown: unknown) => thrown,
        );
        assert.equal(codeOf(error), 'record-invalid');
        assert.ok(!inspect(error).includes(text));
      }
    }
  });

  void it('is not tried on more stanzas than a header of ours can have', async () => {
    const { identity } = await makeAgeIdentity('age-x25519');
    const stanzas = Array.from({ length: 65 }, () => ({ args: ['grease'], body: new Uint8Array(0) }));
    assert.equal(await refusal(unwrapFileKey(identity, stanzas)), 'file-damaged');
    assert.equal(await unwrapFileKey(identity, stanzas.slice(1)), null);
  });
});
