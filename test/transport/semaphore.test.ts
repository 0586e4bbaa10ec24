/** The line of those who wait for a connection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from '#transport/semaphore.ts';

const patient = new AbortController().signal;

test('whoever waits longest comes next, and never more than there are places', async () => {
  const line = new Semaphore(2);
  const order: number[] = [];
  await line.enter(patient);
  await line.enter(patient);
  const waiting = [1, 2, 3].map(async (number) => {
    await line.enter(patient);
    order.push(number);
  });
  await Promise.resolve();
  assert.deepEqual(order, []);
  line.leave();
  await waiting[0];
  assert.deepEqual(order, [1]);
  line.leave();
  line.leave();
  await Promise.all(waiting);
  assert.deepEqual(order, [1, 2, 3]);
});

test('a place is not given to somebody who gave up', async () => {
  const line = new Semaphore(1);
  await line.enter(patient);
  const impatient = new AbortController();
  const gone = assert.rejects(line.enter(impatient.signal), { message: 'enough' });
  const next = line.enter(patient);
  impatient.abort(new Error('enough'));
  await gone;
  line.leave();
  await next;
  await assert.rejects(
    line.enter(impatient.signal),
    { message: 'enough' },
    'nor to one who had given up before',
  );
  line.leave();
  await line.enter(patient);
});
