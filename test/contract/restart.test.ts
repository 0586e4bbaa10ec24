/** What a restart keeps, and from where the command line reaches a server: real processes, as people start them. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { doneJson, joinServers, type Json, organisation, type Server } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const place = organisation('contract-restart');
let geneva: Server;
let oslo: Server;

before(async () => {
  [geneva, oslo] = await Promise.all([place.server('Geneva'), place.server('Oslo')]);
  await joinServers(oslo, geneva);
});

test('a restart keeps the identity, the name and the port, and changes none of them by itself', async () => {
  const { id, listen } = oslo;
  await oslo.restart();
  assert.deepEqual([oslo.id, oslo.listen], [id, listen]);
});

test('after a restart a primary that is down is unreachable, not one that was never heard', async () => {
  await geneva.stop();
  await oslo.restart();
  const { primary } = await oslo.call('serverStatus', {});
  assert.equal(primary?.state, 'unreachable');
  assert.notEqual(primary.lastHeartbeatAt, null);
});

test('the launcher works from elsewhere, through a link, and with a relative directory', async () => {
  const link = place.path('keystair');
  symlinkSync(join(import.meta.dirname, '../../bin/keystair'), link);
  const cwd = dirname(oslo.data);
  const args = ['server', 'status', '--data', basename(oslo.data), '--json'];
  const ran = await runKeystair(args, { cwd, launcher: link });
  assert.equal((doneJson(ran)['server'] as Json)['id'], oslo.id);
});
