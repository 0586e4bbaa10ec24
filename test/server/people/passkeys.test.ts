/** Passkeys: one alone signs in, at its own address, for its own person, once a challenge. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { PasskeyCreation, PasskeyRequest } from '#protocol/people/passkey-forms.ts';
import { passkeyPlaceOf } from '#server/people/passkey-place.ts';
import {
  addPerson,
  type Browser,
  type Office,
  openOffice,
  type SetUpPerson,
  signInAs,
} from '#test/support/people-office.ts';
import { answerWith, type Falsified, makePasskey, type SoftPasskey } from '#test/support/soft-passkey.ts';

let office: Office;
before(async () => {
  office = await openOffice({ host: 'localhost' });
});

let people = 0;
const newPerson = (...roles: string[]): Promise<SetUpPerson> =>
  addPerson(office, `Person ${(people += 1)}`, ...roles);

async function offer(browser: Browser) {
  const body = await browser.done('POST /me/passkeys/offers', {});
  return { offer: body['offer'] as string, options: body['options'] as PasskeyCreation };
}

async function addPasskey({ browser }: SetUpPerson, counter = 1): Promise<SoftPasskey> {
  const made = await offer(browser);
  const { passkey, response } = makePasskey(made.options, office.url, {}, counter);
  await browser.done('POST /me/passkeys', { offer: made.offer, name: 'Laptop', response });
  return passkey;
}

async function begin(browser = office.browser()) {
  const { options } = await browser.done('POST /sign-in/passkey', {});
  return { browser, options: options as PasskeyRequest };
}

async function outcome(passkey: SoftPasskey, falsified: Falsified = {}): Promise<string> {
  const { browser, options } = await begin();
  const response = answerWith(passkey, options, office.url, falsified);
  const { body } = await browser.send('POST /sign-in/passkey/answer', { response });
  return body.code ?? body.person.name;
}

test('a passkey alone signs its person in, by no name', async () => {
  const person = await newPerson('Auditor');
  const passkey = await addPasskey(person);
  const { browser, options } = await begin();
  assert.deepEqual(Object.keys(options).toSorted(), ['challenge', 'rpId', 'timeout', 'userVerification']);
  const response = answerWith(passkey, options, office.url);
  const { person: let_in } = await browser.done('POST /sign-in/passkey/answer', { response });
  assert.equal(let_in.id, person.id);
  await browser.done('GET /people');
  const { passkeys } = await browser.done('GET /me/passkeys');
  assert.deepEqual(
    (passkeys as { name: string }[]).map(({ name }) => name),
    ['Laptop'],
  );
  assert.equal((await office.server.events('signed-in')).at(-1)?.['with'], 'passkey');
});

test('a challenge counts once, in the browser that it was made for', async () => {
  const passkey = await addPasskey(await newPerson(), 0);
  const { browser, options } = await begin();
  const half = browser.copy();
  const response = answerWith(passkey, options, office.url);
  await office.browser().refused('sign-in-failed', 'POST /sign-in/passkey/answer', { response });
  const other = await begin();
  await other.browser.refused('sign-in-failed', 'POST /sign-in/passkey/answer', { response });
  await browser.done('POST /sign-in/passkey/answer', { response });
  await half.refused('sign-in-failed', 'POST /sign-in/passkey/answer', { response });
  const late = await begin();
  office.server.clock.aheadMs += 5 * 60_000 + 1000;
  await late.browser.refused('sign-in-failed', 'POST /sign-in/passkey/answer', {
    response: answerWith(passkey, late.options, office.url),
  });
});

test('an answer for another address, without the person verified, or of another kind is refused', async () => {
  const person = await newPerson();
  const passkey = await addPasskey(person);
  for (const falsified of [
    { origin: 'https://evil.example' },
    { origin: office.url.replace('localhost', 'localhost.evil.example') },
    { origin: office.url.replace(/\d+$/, '1') },
    { rpId: 'evil.example' },
    { challenge: 'AAAA' },
    { type: 'webauthn.create' },
    { flags: 0b001 },
    { flags: 0b100 },
    { userHandle: Buffer.alloc(32).toString('base64url') },
  ])
    assert.equal(await outcome(passkey, falsified), 'sign-in-failed', JSON.stringify(falsified));
  assert.equal(await outcome(passkey), person.name);
});

test('a passkey of one person signs nobody else in, and one that nobody knows nobody', async () => {
  const [one, other] = [await newPerson(), await newPerson()];
  const [ofOne, ofOther] = [await addPasskey(one), await addPasskey(other)];
  assert.equal(await outcome({ ...ofOne, userHandle: ofOther.userHandle }), 'sign-in-failed');
  assert.equal(await outcome({ ...ofOne, privateKey: ofOther.privateKey }), 'sign-in-failed');
  assert.equal(await outcome({ ...ofOne, id: Buffer.alloc(32).toString('base64url') }), 'sign-in-failed');
});

test('a counter that does not rise is refused; one that is always zero counts nothing', async () => {
  const [person, counting] = [await newPerson(), await newPerson()];
  const passkey = await addPasskey(counting, 7);
  assert.equal(await outcome(passkey), counting.name);
  for (const counter of [8, 7, 0])
    assert.equal(await outcome(passkey, { counter }), 'sign-in-failed', `${counter}`);
  const zero = await addPasskey(person, 0);
  assert.equal(await outcome(zero), person.name);
  assert.equal(await outcome(zero), person.name);
});

test('only what answers the offer is added, once, and no attestation', async () => {
  const [person, other] = [await newPerson(), await newPerson()];
  const made = await offer(person.browser);
  const add = async (falsified: Falsified, browser = person.browser, sealed = made.offer) => {
    const { response } = makePasskey(made.options, office.url, falsified);
    return (await browser.send('POST /me/passkeys', { offer: sealed, name: 'x', response })).body.code;
  };
  for (const falsified of [
    { origin: 'https://evil.example' },
    { rpId: 'evil.example' },
    { challenge: 'AAAA' },
    { type: 'webauthn.get' },
    { flags: 0b1000001 },
    { format: 'packed' },
    { format: 'tpm' },
  ])
    assert.equal(await add(falsified), 'sign-in-failed', JSON.stringify(falsified));
  assert.equal(await add({}, other.browser), 'sign-in-failed', 'an offer is for one person');
  assert.equal(await add({}, person.browser, 'x'), 'sign-in-failed');
  const { response } = makePasskey(made.options, office.url);
  await person.browser.done('POST /me/passkeys', { offer: made.offer, name: 'x', response });
  await person.browser.refused('already-exists', 'POST /me/passkeys', {
    offer: made.offer,
    name: 'x',
    response,
  });
  const { user } = (await offer(person.browser)).options;
  assert.equal(user.id, made.options.user.id);
  assert.notEqual(user.id, person.id, 'what authenticators know a person by tells nobody who it is');
});

test('a passkey ends when its person removes it, is reset, or is removed', async () => {
  const person = await newPerson();
  const [first, second] = [await addPasskey(person), await addPasskey(person)];
  const { passkeys } = await person.browser.done('GET /me/passkeys');
  const [{ id }] = passkeys as [{ id: string }];
  await (await newPerson()).browser.refused('not-found', `DELETE /me/passkeys/${id}`);
  await person.browser.done(`DELETE /me/passkeys/${id}`);
  assert.equal(await outcome(first), 'sign-in-failed');
  assert.equal(await outcome(second), person.name);
  await office.server.call('resetPerson', { id: person.id });
  assert.equal(await outcome(second), 'sign-in-failed');
});

test('a passkey is added only with a fresh sign-in', async () => {
  const person = await newPerson();
  office.server.clock.aheadMs += 5 * 60_000 + 1000;
  await person.browser.refused('sign-in-stale', 'POST /me/passkeys/offers', {});
  await signInAs(office, person, person.browser);
  await offer(person.browser);
});

test('where there can be no passkeys the server says why, and offers none', async () => {
  const places: readonly (readonly [string, boolean])[] = [
    ['https://keys.example:8444', true],
    ['http://localhost:8444', true],
    ['https://192.0.2.1:8444', false],
    ['https://[2001:db8::1]:8444', false],
    ['http://127.0.0.1:8444', false],
  ];
  for (const [url, possible] of places) assert.equal('rpId' in passkeyPlaceOf(url), possible, url);
  const { passkey } = await office.browser().done('GET /sign-in');
  assert.deepEqual(passkey, { possible: true, because: null });
});
