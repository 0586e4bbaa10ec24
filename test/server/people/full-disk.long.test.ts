/** A server whose disk is full still lets people in, shows them a key and lets them out; and says so once it cannot. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '#test/agent/temporary-folder.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  addPerson,
  codeAt,
  type Office,
  openOffice,
  PASSWORD,
  type SetUpPerson,
  signInAs,
} from '#test/support/people-office.ts';
import { mountSmallDisk, type SmallDisk, unlessRoot } from '#test/support/small-disk.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

const skip = unlessRoot();
const inFolder = temporaryFolder('full-disk-people');
let disk: SmallDisk;
let directory: string;
let office: Office;
let person: SetUpPerson;
const made = makeSomeKey();

before(async () => {
  if (skip !== false) return;
  disk = mountSmallDisk(inFolder('disk'), 64);
  directory = join(disk.path, 'data');
  office = await openOffice({ directory });
  await office.server.record(made);
  person = await addPerson(office, 'Hilde', 'Help desk');
});

/** Takes all space, until a change of people is refused for it. */
async function fill(): Promise<void> {
  disk.fill();
  let adding = 0;
  await eventually('changes are refused', async () => {
    adding += 1;
    const add = office.server.call('addPerson', { name: `Nobody ${adding}` });
    return add.then(
      () => false,
      (error: { code?: string }) => error.code === 'disk-full',
    );
  });
}

const SIGN_IN = { name: 'Hilde', password: PASSWORD };
const code = (): { code: string } => ({ code: codeAt(person.secret, office.server.clock()) });

test('with a full disk people sign in, reveal and sign out, and each is in the audit log', {
  skip,
}, async () => {
  await fill();
  const browser = await signInAs(office, person);
  await browser.done(`POST /keys/${made.key.id}/reveal`, { reason: 'ticket 4711' });
  const [revealed] = await office.server.events('key-revealed');
  assert.equal(revealed?.['by'], `person:${person.id} Hilde`);
  await browser.done('POST /me/sign-out');
  await browser.refused('not-signed-in', 'GET /me');
  const [signedIn, ended] = await Promise.all(
    ['signed-in', 'session-ended'].map((event) => office.server.events(event)),
  );
  assert.deepEqual([signedIn!.length, ended!.length], [2, 1]);
});

test('without any space nobody comes in, and the sentence tells a stranger what to do and nothing else', {
  skip,
}, async () => {
  truncateSync(join(directory, 'audit-reserve'), 0);
  await fill();
  const refusal = await eventually('sign-in is refused', async () => {
    const browser = office.browser();
    office.server.clock.aheadMs += 30_000;
    await browser.done('POST /sign-in/password', SIGN_IN);
    disk.fill();
    const { status, body } = await browser.send('POST /sign-in/code', code());
    if (status === 200) return undefined;
    await browser.refused('not-signed-in', 'GET /me');
    return { status, body };
  });
  assert.deepEqual([refusal.status, refusal.body.code], [507, 'disk-full']);
  assert.ok(!JSON.stringify(refusal.body).includes(disk.path), JSON.stringify(refusal.body));
  const keys = await office.server.call('listKeys', {});
  assert.equal(keys.keys.length, 1, 'the owner still sees what there is');
  disk.empty();
  await eventually('people come in again', async () => {
    const browser = office.browser();
    office.server.clock.aheadMs += 30_000;
    await browser.done('POST /sign-in/password', SIGN_IN);
    return (await browser.send('POST /sign-in/code', code())).status === 200;
  });
});
