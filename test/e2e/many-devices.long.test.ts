/** A server of more devices than it tells of at once: each is listed, once, and found by its name. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { LIST_PAGE_MAX } from '#domain/limits.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { organisation, refusedWith, type Server } from '#test/support/organisation.ts';
import { someDevice } from '#test/support/some-member.ts';

const DEVICES = 2 * LIST_PAGE_MAX + 345;
const place = organisation('many-devices');
const present: string[] = [];
let server: Server;

const removedAt = '2026-02-01T00:00:00.000Z';
const gone = someDevice('gone', { removedAt });

before(async () => {
  const members = [
    ...Array.from({ length: DEVICES - 3 }, (_, index) => someDevice(`laptop-${index}`)),
    someDevice('twin'),
    someDevice('twin'),
    someDevice('Büro'),
  ];
  present.push(...members.map(({ id }) => id));
  const others = [someDevice('Büro', { removedAt }), gone, someDevice('Lyon', { kind: 'secondary' })];
  await makeDirectory(place.path('many'), 'Many', 0, [...members, ...others]);
  server = await place.server('Many');
});

test('every device is listed once, by name, and those that were removed are not', async () => {
  const document = await server.done(['devices', 'list']);
  assert.deepEqual(Object.keys(document), ['devices']);
  const devices = document['devices'] as { id: string; name: string }[];
  assert.deepEqual(devices.map(({ id }) => id).toSorted(), present.toSorted());
  const names = devices.map(({ name }) => name);
  assert.deepEqual(names, names.toSorted(new Intl.Collator().compare));
  const { stdout } = await server.run(['devices', 'list']);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 1 + DEVICES);
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(/ +/)[0]),
    names,
  );
});

test('devices are sought, filtered and sorted by the server', async () => {
  const names = async (...options: string[]): Promise<string[]> => {
    const { devices } = (await server.done(['devices', 'list', ...options])) as {
      devices: { name: string }[];
    };
    return devices.map(({ name }) => name);
  };
  assert.deepEqual(await names('--find', 'BURO'), ['Büro']);
  assert.deepEqual((await names('--order', 'z-a')).slice(0, 2), ['twin', 'twin']);
  assert.deepEqual(await names('--find', 'twin', '--silent-since', '30d', '--order', 'longest-silent'), [
    'twin',
    'twin',
  ]);
  assert.deepEqual(await names('--heard-since', '2026-01-31'), []);
  assert.deepEqual(await names('--not-state', 'managed'), []);
  const { stdout } = await server.run(['devices', 'list', '--state', 'moved']);
  assert.equal(stdout, 'No such devices.\n');
});

test('the server tells of a bounded number of them at once', async () => {
  const first = await server.call('listDevices', {});
  assert.equal(first.devices.length, LIST_PAGE_MAX);
  const seen: string[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page: { devices: { id: string }[]; next: string | null } = await server.call('listDevices', {
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    assert.ok(page.devices.length <= 500);
    seen.push(...page.devices.map(({ id }) => id));
    after = page.next;
  }
  assert.deepEqual(seen.toSorted(), present.toSorted());
});

test('a device is found by its name among all of them, or several are and the id is asked for', async () => {
  assert.deepEqual(await server.done(['keys', 'list', '--device', 'laptop-2000']), { keys: [] });
  assert.match(
    refusedWith(await server.run(['devices', 'remove', 'twin']), 'ambiguous-name'),
    REFUSED['ambiguous-name'].twoDevices,
  );
  assert.match(
    refusedWith(await server.run(['devices', 'remove', 'gone']), 'not-found'),
    REFUSED['not-found'].listDevices,
  );
  assert.match(
    refusedWith(await server.run(['devices', 'remove', 'Lyon']), 'not-found'),
    REFUSED['not-found'].listDevices,
  );
});

test('keys of a removed device are listed by its name, unless another has that name now', async () => {
  for (const name of ['gone', gone.id, 'Büro']) {
    assert.deepEqual(await server.done(['keys', 'list', '--device', name]), { keys: [] });
  }
  assert.deepEqual(await server.done(['devices', 'remove', 'Büro']), {});
  // Two are removed now, and neither is meant more than the other.
  refusedWith(await server.run(['keys', 'list', '--device', 'Büro']), 'ambiguous-name');
});
