/** What somebody who is signed in does about their own way in. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  addPerson,
  type Browser,
  codeAt,
  type Office,
  openOffice,
  PASSWORD,
  type SetUpPerson,
  signInAs,
} from '#test/support/people-office.ts';

const MINUTE = 60_000;
let office: Office;

before(async () => {
  office = await openOffice();
});

/** The code that an app with this secret shows, a step after any before. */
function nextCode(secret: string): string {
  office.server.clock.aheadMs += 30_000;
  return codeAt(secret, office.server.clock());
}

async function offered(browser: Browser): Promise<{ readonly offer: string; readonly secret: string }> {
  const { offer, secret } = await browser.done('POST /me/one-time-code/offers');
  return { offer: offer as string, secret };
}

const prove = 'POST /me/one-time-code';

async function codeRefused({ name, secret }: SetUpPerson): Promise<void> {
  const browser = office.browser();
  await browser.done('POST /sign-in/password', { name, password: PASSWORD });
  await browser.refused('sign-in-failed', 'POST /sign-in/code', { code: nextCode(secret) });
}

test('the old app counts until a code of the new one came, and not after it', async () => {
  const person = await addPerson(office, 'Anna', 'Auditor');
  const { browser } = person;
  const { offer, secret } = await offered(browser);
  assert.notEqual(secret, person.secret);
  const other = await signInAs(office, person);
  await browser.refused('sign-in-failed', prove, { offer, code: nextCode(person.secret) });
  await signInAs(office, person);
  const next = { ...person, secret };
  await codeRefused(next);
  await browser.done(prove, { offer, code: nextCode(secret) });
  await browser.done('GET /me');
  await other.refused('not-signed-in', 'GET /me');
  await codeRefused(person);
  await signInAs(office, next);
  const [event] = await office.server.events('one-time-code-changed');
  assert.deepEqual([event?.['by'], event?.['person']], [`person:${person.id} Anna`, person.id]);
});

test('the code that proved the new app serves no sign-in', async () => {
  const { browser, name } = await addPerson(office, 'Berta');
  const { offer, secret } = await offered(browser);
  const code = nextCode(secret);
  await browser.done(prove, { offer, code });
  const again = office.browser();
  await again.done('POST /sign-in/password', { name, password: PASSWORD });
  await again.refused('sign-in-failed', 'POST /sign-in/code', { code });
});

test('an offer is for one person, some minutes, and one replacement', async () => {
  const [carla, dora] = [await addPerson(office, 'Carla'), await addPerson(office, 'Dora')];
  const first = await offered(carla.browser);
  const second = await offered(carla.browser);
  await dora.browser.refused('sign-in-failed', prove, { offer: first.offer, code: nextCode(first.secret) });
  await carla.browser.done(prove, { offer: first.offer, code: nextCode(first.secret) });
  const late = { offer: second.offer, code: nextCode(second.secret) };
  await carla.browser.refused('sign-in-failed', prove, late);
  const third = await offered(dora.browser);
  office.server.clock.aheadMs += 5 * MINUTE;
  await dora.browser.refused('sign-in-stale', prove, { offer: third.offer, code: nextCode(third.secret) });
  const again = await signInAs(office, dora);
  await again.refused('sign-in-failed', prove, { offer: third.offer, code: nextCode(third.secret) });
});

test('the present password is guessed at slowly by whoever has the session, and its owner signs in meanwhile', async () => {
  const person = await addPerson(office, 'Edna');
  const guess = { password: 'not the password', newPassword: 'lantern otter pencil marble' };
  const change = 'POST /me/password';
  for (let time = 0; time < 4; time += 1) await person.browser.refused('sign-in-failed', change, guess);
  await person.browser.refused('later', change, guess);
  await person.browser.refused('later', change, { ...guess, password: PASSWORD });
  const owner = await signInAs(office, person);
  await owner.done(change, { ...guess, password: PASSWORD });
  const refusals = await office.server.events('call-refused');
  assert.ok(refusals.some(({ route, by }) => route === 'changePassword' && String(by).includes(person.id)));
});
