/** A server whose disk is full goes on handing down what its primary has, says that it could not keep it, and keeps it the next time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { joinServers, organisation, refusedWith, setOption } from '#test/support/organisation.ts';
import { mountSmallDisk, unlessRoot } from '#test/support/small-disk.ts';

const place = organisation('full-disk-lookup');

test('a drive from elsewhere opens at a branch whose disk is full, and its key is kept when it is asked for once there is room', {
  skip: unlessRoot(),
}, async () => {
  const disk = mountSmallDisk(place.path('disk'), 48);
  const [above, below] = await Promise.all([
    place.server('Above'),
    place.server('Below', { data: join(disk.path, 'data') }),
  ]);
  await setOption(true, above, below);
  await joinServers(below, above);
  const maker = await place.enrol('maker', above);
  const [filler, finder, mover] = [
    await place.enrol('filler', below),
    await place.enrol('finder', below),
    await place.enrol('mover', above),
  ];
  const carried = place.path('carried.age');
  const key = await maker.encrypt('carried', carried);
  const movers = await mover.encrypt('moves', place.path('moves.age'));
  const { invitation } = await below.call('inviteDevice', {});

  disk.fill();
  // A commit or two may still fit into what the log of the database holds already.
  await eventually('new keys are refused', async () => {
    const out = ['encrypt-file', `${carried}.plain`, place.path('filler.age'), '--new-identity', '--force'];
    const ran = await filler.run([...out, '--json']);
    return ran.status !== 0 && refusedWith(ran, 'disk-full');
  });

  const opened = place.path('opened');
  assert.deepEqual(await finder.done(['decrypt-file', carried, opened]), { key });
  assert.equal(readFileSync(opened, 'utf8'), 'carried');
  assert.ok(!(await below.keyIds()).includes(key));
  assert.match(below.log, new RegExp(`"event":"key-not-kept"[^\n]*${key}`));
  const database = new DatabaseSync(join(below.data, 'keystair.db'), { readOnly: true });
  const told = database
    .prepare('SELECT count(*) AS n FROM audit WHERE event LIKE \'%"key-not-kept"%\'')
    .get();
  database.close();
  assert.equal(told?.['n'], 1);

  // A device does not move to a server that cannot keep its keys.
  const moved = await mover.run(['enrol', '-', '--json'], invitation);
  assert.notEqual(moved.status, 0, moved.stdout);
  assert.ok(!(await below.keyIds()).includes(movers));

  disk.empty();
  await eventually('the key is kept', async () => {
    assert.deepEqual(await finder.done(['decrypt-file', carried, opened, '--force']), { key });
    return (await below.keyIds()).includes(key);
  });
  assert.deepEqual((await below.call('verify', {})).problems, []);
});
