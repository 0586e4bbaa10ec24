/**
 * A server whose database fails over: what a standby did not have comes back from the devices and is told of; an older
 * primary is served only once a person accepted it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doneJson, organisation, refusedWith } from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';
import { caughtUp, skip, withPair } from '../store/primary-and-standby.ts';

const place = organisation('postgres-failover');

test(
  'keys that a failover lost come back from their device, and the loss is told of',
  {
    skip,
    timeout: 240_000,
  },
  () =>
    withPair([], async (pair) => {
      const hosts = pair.place.hosts.map(({ host }) => encodeURIComponent(host)).join(',');
      const args = ['--database', `postgres://keystair@${hosts}/postgres`];
      const lyon = await place.server('Lyon', { args });
      const { epoch, headSeq } = await lyon.call('serverStatus', {});
      const laptop = await place.enrol('laptop', lyon);
      await caughtUp(pair);
      await pair.standby.stop();
      const key = await laptop.encrypt('text', place.path('lost.age'), { newIdentity: true });
      await pair.primary.stop('SIGKILL');
      await pair.standby.run();
      await pair.standby.ask('SELECT pg_promote()');
      await laptop.heartbeat();
      assert.deepEqual(await lyon.keyIds(), [key]);
      const status = await lyon.call('serverStatus', {});
      assert.notEqual(status.epoch, epoch);
      assert.equal(headSeq, 0);
      const warning = status.warnings.find(({ about }) => about?.name === 'commits-lost');
      assert.ok(warning?.about?.name === 'commits-lost');
      assert.equal(warning.about.details.keys, '1 to 1');
      const { events } = await lyon.call('listAudit', { find: 'epoch-started' });
      const { lost } = JSON.parse(events.at(-1)!.line) as { lost: { keys: unknown } };
      assert.deepEqual(lost.keys, { seen: 1, kept: 0 });
      assert.deepEqual((await lyon.call('verify', {})).problems, []);

      // The old primary comes back alone, as if it had never been replaced.
      const { listen } = lyon;
      await lyon.stop();
      await pair.standby.stop();
      await pair.primary.run();
      const start = ['server', 'start', '--data', lyon.data, '--listen', listen, ...args];
      refusedWith(await runKeystair(start), 'database-rolled-back');
      const accepted = doneJson(
        await runKeystair(['server', 'accept-rollback', '--data', lyon.data, '--json']),
      );
      assert.deepEqual(
        [accepted['seen'], accepted['found']].map((one) => (one as { timeline: number }).timeline),
        [2, 1],
      );
      const again = await place.server('Lyon', { data: lyon.data, args: [...args, '--listen', listen] });
      const after = await again.call('listAudit', { find: 'rollback-accepted' });
      assert.equal(after.events.length, 1);
      await laptop.heartbeat();
      assert.deepEqual(await again.keyIds(), [key]);
    }),
);
