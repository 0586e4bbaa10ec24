/** What an administrator reads where two machines came together or parted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHOWN } from '#test/sentences/shown.ts';
import { joinServers, organisation } from '#test/support/organisation.ts';

const place = organisation('told-at-the-links');

test('whoever leaves while its primary is down is told the very command that removes it there', async () => {
  const [geneva, lyon] = await Promise.all([place.server('Geneva'), place.server('Lyon')]);
  await joinServers(lyon, geneva);
  await geneva.stop();
  const { status, stdout, stderr } = await lyon.run(['hierarchy', 'leave']);
  assert.equal(status, 0, stderr);
  const told = SHOWN.removeItThere.exec(stdout);
  assert.ok(told !== null, stdout);
  await geneva.restart();
  assert.equal((await geneva.call('serverStatus', {})).secondaries.length, 1);
  await geneva.done(told[1]!.split(' '));
  assert.deepEqual((await geneva.call('serverStatus', {})).secondaries, []);
});

test('a device that has just enrolled is heard, on the server and by itself', async () => {
  const oslo = await place.server('Oslo');
  const laptop = await place.enrol('laptop', oslo);
  const { devices } = await oslo.call('listDevices', {});
  assert.ok(typeof devices[0]?.lastHeartbeatAt === 'string', JSON.stringify(devices));
  const { stdout } = await laptop.run(['status']);
  assert.doesNotMatch(stdout, SHOWN.noneYet);
});
