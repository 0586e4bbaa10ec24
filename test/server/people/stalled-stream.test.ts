/** Somebody who watches and never reads: nothing is queued for them, others are told as before, and the stream ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Caller } from '#domain/right.ts';
import type { Feed } from '#server/environment/feed.ts';
import { EventStreams } from '#server/http/people/event-streams.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';

const EVENT_BYTES = 256 * 1024;
const CALLER = { id: 'somebody' } as unknown as Caller;

test('a stream that nobody reads holds one event at most, and is ended at the second sign of life', async () => {
  let number = 0;
  const listeners = new Set<() => void>();
  const feed: Feed = {
    isOver: false,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    // Always what is newest, however much there was.
    since: (after) =>
      after === String(number) ? [] : [{ id: String(number), event: 'keys', data: 'x'.repeat(EVENT_BYTES) }],
  };
  const due = new Map<number, (() => void)[]>();
  const streams = new EventStreams(
    {
      after(ms, call) {
        due.set(ms, [...(due.get(ms) ?? []), call]);
        return () => undefined;
      },
    },
    { info: () => {}, warn: () => {}, error: () => {} },
  );
  const fire = async (ms: number): Promise<void> => {
    for (const call of due.get(ms)?.splice(0) ?? []) call();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const opened: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    opened.push(response);
    streams.open(response, CALLER, feed, undefined, async () => CALLER);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atTheEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const watch = async (): Promise<IncomingMessage> => {
    const call = request({ port: (server.address() as AddressInfo).port, agent: false }).end();
    call.on('error', () => undefined);
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    return answer;
  };
  const stalled = await watch();
  stalled.pause();
  const reader = await watch();
  let heard = '';
  reader.on('data', (chunk: Buffer) => (heard = (heard + chunk.toString()).slice(-EVENT_BYTES)));
  const [unread] = opened as [ServerResponse];

  let most = 0;
  for (; number < 200; ) {
    number += 1;
    for (const listener of listeners) listener();
    await fire(250);
    most = Math.max(most, unread.writableLength);
  }
  assert.ok(unread.writableNeedDrain, 'what the system takes is full');
  assert.ok(most < 2 * EVENT_BYTES + 1024, `${most} bytes were held of 200 events of ${EVENT_BYTES}`);
  number += 1;
  for (const listener of listeners) listener();
  await fire(250);
  await eventually(
    'the other one is told the last',
    () => !opened[1]!.writableNeedDrain && heard.includes('x'),
  );

  assert.equal(streams.size, 2);
  await fire(15_000);
  await fire(15_000);
  assert.equal(streams.size, 1, 'the one that reads stays');
  assert.ok(unread.destroyed);
});
