/** Case B: a drive is formatted on a device of one branch, carried to another, and proves there that it opens. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { image, patchFront, shown, writeAt } from '#test/agent/drives/images.ts';
import { stock, unlessInstalled } from '#test/agent/system-tools.ts';
import { patchJson } from '#test/agent/drives/luks2/luks2-front.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import {
  upward,
  type Device,
  type Json,
  organisation,
  refusedWith,
  type ThreeLevels,
  threeLevels,
} from '#test/support/organisation.ts';

const place = organisation('case-b');
const skip = unlessInstalled('cryptsetup');
const drive = place.path('stick.img');
let tree: ThreeLevels;
let maker: Device;
let finder: Device;
let key: string;

before(async () => {
  tree = await threeLevels(place);
  [maker, finder] = await Promise.all([place.enrol('maker', tree.lyon), place.enrol('finder', tree.oslo)]);
  copyFileSync(image(), drive);
});

test('formatting answers with key and uuid; the key was in custody before, and climbs', {
  skip,
}, async () => {
  const document = await maker.done(['format-drive', drive, '--label', 'Kari blue']);
  assert.deepEqual(Object.keys(document).sort(), ['key', 'uuid']);
  key = String(document['key']);
  await upward(tree.lyon, tree.west);
  const { keys } = (await tree.root.done(['keys', 'list', '--find', 'kari blue'])) as { keys: Json[] };
  assert.deepEqual(
    keys.map(({ id, kind, algorithm, locator, origin }) => ({ id, kind, algorithm, locator, origin })),
    [
      {
        id: key,
        kind: 'volume',
        algorithm: 'aes-xts-plain64/512',
        locator: { label: 'Kari blue', luksUuid: document['uuid'] },
        origin: tree.lyon.id,
      },
    ],
  );
});

test('stock cryptsetup shows a token of type keystair with key id and claim', { skip }, () => {
  const [token] = Object.values(shown(drive).tokens) as Json[];
  assert.deepEqual([token?.['type'], token?.['key'], token?.['keyslots']], ['keystair', key, ['0']]);
  assert.match(String(token?.['claim']), /^[A-Za-z0-9+/]{21}[AQgw]$/);
});

test('the maker opens it with its own key', { skip }, async () => {
  assert.deepEqual(await maker.done(['open-drive', drive, '--test']), { key, keyslot: 0, source: 'device' });
});

test('a path that holds data is refused, and not a byte of it changes', { skip }, async () => {
  const before = readFileSync(drive);
  const again = await maker.run(['format-drive', drive, '--json']);
  assert.match(refusedWith(again, 'drive-holds-data'), REFUSED['drive-holds-data'].erase);
  assert.ok(readFileSync(drive).equals(before));
  const last = image();
  writeAt(last, 24 * 1024 * 1024 - 1, Uint8Array.of(1));
  refusedWith(await maker.run(['format-drive', last, '--json']), 'drive-holds-data');
});

test('a refused drive leaves no key behind', { skip }, async () => {
  assert.deepEqual(await tree.lyon.keyIds(), [key]);
});

test('at the other branch the key comes from the root, and stays with every server that asked', {
  skip,
}, async () => {
  const explained = await tree.oslo.done(['keys', 'explain', '--drive', drive]);
  assert.match(String(explained['verdict']), SHOWN.genevaHas);
  assert.deepEqual(await finder.done(['open-drive', drive, '--test']), { key, keyslot: 0, source: 'Geneva' });
  for (const server of [tree.oslo, tree.north]) assert.deepEqual(await server.keyIds(), [key]);
});

test('from then on the own server has it, also while it stands alone', { skip }, async () => {
  await tree.north.stop();
  try {
    assert.deepEqual(await finder.done(['open-drive', drive, '--test']), {
      key,
      keyslot: 0,
      source: 'server',
    });
  } finally {
    await tree.north.restart();
  }
});

test('a drive whose cipher was set to null is refused, although the key opens it', { skip }, async () => {
  const altered = place.path('null-cipher.img');
  copyFileSync(drive, altered);
  patchFront(altered, (front) =>
    patchJson(front, (json) => {
      const segments = json['segments'] as Record<string, Json>;
      segments['0']!['encryption'] = 'cipher_null-ecb';
    }),
  );
  for (const device of [maker, finder]) {
    assert.match(
      refusedWith(await device.run(['open-drive', altered, '--test', '--json']), 'drive-altered'),
      /null/,
    );
  }
});

test('a claim that is wrong by one bit gets nothing, here and at the other branch', { skip }, async () => {
  const altered = place.path('claim.img');
  copyFileSync(drive, altered);
  patchFront(altered, (front) =>
    patchJson(front, (json) => {
      for (const token of Object.values(json['tokens'] as Record<string, Json>)) {
        const claim = Buffer.from(String(token['claim']), 'base64');
        claim[0]! ^= 1;
        token['claim'] = claim.toString('base64').replaceAll('=', '');
      }
    }),
  );
  const sentence = refusedWith(
    await finder.run(['open-drive', altered, '--test', '--json']),
    'key-unavailable',
  );
  assert.match(sentence, REFUSED['key-unavailable'].wrongClaimAtOslo);
  const explained = await tree.oslo.done(['keys', 'explain', '--drive', altered]);
  assert.match(String(explained['verdict']), REFUSED['key-unavailable'].wrongClaim);
});

test('a drive whose token was removed is told with the UUID by which its key is found', {
  skip,
}, async () => {
  const bare = place.path('no-token.img');
  copyFileSync(drive, bare);
  stock('cryptsetup', ['token', 'remove', '--token-id', '0', bare]);
  const uuid = stock('cryptsetup', ['luksUUID', bare]).toString().trim();
  const told = [
    refusedWith(await maker.run(['open-drive', bare, '--test', '--json']), 'drive-no-token'),
    refusedWith(await finder.run(['open-drive', bare, '--test', '--json']), 'drive-no-token'),
    refusedWith(await tree.oslo.run(['keys', 'explain', '--drive', bare, '--json']), 'drive-no-token'),
  ];
  for (const sentence of told) assert.ok(sentence.includes(`keystair keys list --find ${uuid}`), sentence);
  assert.ok(told[0]!.includes(key), 'the device that made it knows its key');
  const { keys } = (await tree.oslo.done(['keys', 'list', '--find', uuid])) as { keys: Json[] };
  assert.deepEqual(
    keys.map(({ id }) => id),
    [key],
  );
});

test('a backup of its header is not said to open, and a pipe is no drive that one waits for', {
  skip,
}, async () => {
  const [backup, pipe] = [place.path('header.backup'), place.path('pipe')];
  stock('cryptsetup', ['luksHeaderBackup', '--header-backup-file', backup, drive]);
  refusedWith(await finder.run(['open-drive', backup, '--test', '--json']), 'drive-data-missing');
  stock('mkfifo', [pipe]);
  refusedWith(await finder.run(['open-drive', pipe, '--test', '--json']), 'invalid-argument');
  refusedWith(await tree.oslo.run(['keys', 'explain', '--drive', pipe, '--json']), 'invalid-argument');
});

test('a drive of nobody and a plain file are told apart from ours', { skip }, async () => {
  refusedWith(await finder.run(['open-drive', image(), '--test', '--json']), 'drive-not-luks');
});

test('of two devices that format one drive at once one does, and the other made no key for nothing', {
  skip,
}, async () => {
  const shared = image();
  const ids = async () => [...(await tree.lyon.keyIds()), ...(await tree.oslo.keyIds())];
  const before = await ids();
  const ran = await Promise.all(
    [maker, finder].map((device) => device.run(['format-drive', shared, '--json'])),
  );
  const [winner, ...others] = ran.filter(({ status }) => status === 0);
  assert.deepEqual(others, []);
  const made = JSON.parse(winner!.stdout) as { key: string };
  refusedWith(ran.find(({ status }) => status !== 0)!, 'drive-holds-data');
  assert.deepEqual(
    (await ids()).filter((id) => !before.includes(id)),
    [made.key],
  );
  const [token] = Object.values(shown(shared).tokens) as Json[];
  assert.equal(token?.['key'], made.key);
});
