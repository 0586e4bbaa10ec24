/** Somebody who watches and does not read: nothing is queued for them, they are told the latest, or let go of. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Feed } from '#server/environment/feed.ts';
import { Signal } from '#server/environment/signal.ts';
import { EventStreams } from '#server/http/people/event-streams.ts';
import { ADMINISTRATOR } from '#test/support/administrator.ts';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';

/** One of them is more than all buffers on the way hold. */
const LARGE = 'x'.repeat(16 * 1024 * 1024);

/** One stream that nobody reads, with a feed that counts what it was asked, and timers that the test lets run. */
async function unread() {
  const waiting = new Map<() => void, number>();
  const timers = {
    after(ms: number, call: () => void) {
      waiting.set(call, ms);
      return () => waiting.delete(call);
    },
  };
  /** Of what comes within that time. */
  const runTimers = async (withinMs = Number.POSITIVE_INFINITY): Promise<void> => {
    const due = [...waiting].filter(([, ms]) => ms <= withinMs);
    for (const [call] of due) {
      waiting.delete(call);
      call();
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const changed = new Signal();
  const state = { number: 0, asked: 0 };
  const feed: Feed = {
    isOver: false,
    listen: (listener) => changed.listen(listener),
    since: (after) => {
      state.asked += 1;
      const id = String(state.number);
      return after === id ? [] : [{ id, event: 'some', data: state.number === 0 ? '' : LARGE }];
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const streams = new EventStreams(timers, log);
  const server = createServer((_request, raw: ServerResponse) =>
    streams.open(raw, ADMINISTRATOR, feed, undefined, async () => ADMINISTRATOR),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atTheEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const call = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  answer.pause();
  const change = async (): Promise<void> => {
    state.number += 1;
    changed.raise();
    await runTimers(1000);
  };
  return { streams, state, answer, change, runTimers };
}

test('whoever does not read is let go of with the second sign of life', async () => {
  const { streams, change, runTimers } = await unread();
  await change();
  assert.equal(streams.size, 1);
  await runTimers();
  await runTimers();
  await eventually('it is gone', () => streams.size === 0);
});

test('nothing is queued meanwhile, and a reader that goes on is told the latest alone', async () => {
  const { state, answer, change } = await unread();
  await change();
  const { asked } = state;
  for (let time = 0; time < 20; time += 1) await change();
  assert.equal(state.asked, asked);
  let heard = '';
  answer.on('data', (chunk: Buffer) => (heard = (heard + chunk.toString()).slice(-100_000)));
  answer.resume();
  await eventually('the reader has caught up', () => state.asked === asked + 1 && heard.endsWith('"\n\n'));
});
