/**
 * A process of several that stands still, as a machine does that is moved or starved, and wakes up when the others have
 * taken over what it held: it changes nothing any more, and ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { organisation } from '#test/support/organisation.ts';
import { newDatabaseUrl, sharedPostgres } from '#test/support/postgres.ts';
import { postgresPrograms } from '#test/support/postgres-programs.ts';
import { startBeside } from '#test/support/several-processes.ts';
import { missing } from '../store/system-tools.ts';

const programs = postgresPrograms();
const skip = missing(programs !== undefined, 'install postgresql');
const place = organisation('paused', { passwords: 'cheap' });

test('a leader that stands still is replaced, and when it wakes up it ends without having changed anything', {
  skip,
  timeout: 240_000,
}, async () => {
  const instance = await sharedPostgres(programs!);
  const url = await newDatabaseUrl(instance);
  const first = await place.server('Lyon', { args: ['--database', url] });
  const second = await startBeside(place, first, url);
  const laptop = await place.enrol('laptop', second);

  process.kill(first.pid, 'SIGSTOP');
  try {
    await eventually('the second one leads, alone', async () => {
      const { processes } = await second.call('serverStatus', {});
      return processes.length === 1 && processes[0]!.holds.includes('lead');
    });
    const key = await laptop.encrypt('text', place.path('meanwhile.age'), { newIdentity: true });
    assert.deepEqual(await second.keyIds(), [key]);
    await eventually('what the first one held is free', async () => {
      const [row] = await instance.ask(
        'SELECT count(*) FROM keystair.processes',
        new URL(url).pathname.slice(1),
      );
      return row?.[0] === 1;
    });
  } finally {
    process.kill(first.pid, 'SIGCONT');
  }
  await eventually('the first one ended', () => !first.alive);
  assert.match(first.log, /data-in-use/);
  assert.deepEqual((await second.call('verify', {})).problems, []);
  await second.stop();
});
