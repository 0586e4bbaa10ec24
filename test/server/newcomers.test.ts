/** Strangers who dial without end: those who are known stay, whoever is honest still comes in, and people are told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { atTheEnd } from '#test/support/at-the-end.ts';
import { eventually } from '#test/support/eventually.ts';
import { joinAs, makeSomeKey } from '#test/support/machine-caller.ts';
import { addPerson, openOffice } from '#test/support/people-office.ts';
import { toMachines } from '#test/support/raw-call.ts';
import { openServer } from '#test/support/server-in-process.ts';

/** As docs/PROTOCOL.md has it. */
const NEWCOMERS = 512;
const MORE = 20;

/** Dials so often and says nothing. */
async function strangers(port: number, count: number, host = '127.0.0.1'): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ host, port });
      atTheEnd(() => socket.destroy());
      socket.on('error', () => undefined).resume();
      await once(socket, 'connect');
      return socket;
    }),
  );
}

const stillOpen = (sockets: readonly Socket[]): number => sockets.filter(({ closed }) => !closed).length;

test('strangers hold few connections of the listener for machines, and members theirs', async () => {
  const server = await openServer('Oslo', { heartbeats: false });
  const device = await joinAs((await server.call('inviteDevice', {})).invitation);
  const kept = await toMachines(server.address, device.credentials);
  const body = JSON.stringify({ ids: [makeSomeKey().key.id] });
  let answers = 0;
  kept.on('data', (block: Buffer) => (answers += block.toString().split('HTTP/1.1 200').length - 1));
  const ask = async (): Promise<void> => {
    const before = answers;
    kept.write(
      `POST /v1/device/receipts/missing HTTP/1.1\r\nhost: oslo\r\nkeystair-protocol: 1\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually('an answer', () => answers > before);
  };
  await ask();

  const port = Number(server.address.split(':')[1]);
  const first = await strangers(port, NEWCOMERS);
  const later = await strangers(port, MORE);
  await eventually('the oldest are ended', () => stillOpen([...first, ...later]) <= NEWCOMERS);
  assert.equal(stillOpen([...first, ...later]), NEWCOMERS, 'no more of them than that');
  await ask();
  const another = await joinAs((await server.call('inviteDevice', {})).invitation);
  assert.equal((await another.calls.call('missingReceipts', { ids: [] })).missing.length, 0);
  const [event] = await server.events('connection-ended');
  assert.deepEqual([event?.['caller'], event?.['because']], ['none', 'too-many-strangers']);
  kept.destroy();
});

test('a listener keeps so many connections, whoever they belong to, and takes new ones when some have ended', async () => {
  const connectionsMax = 3;
  const server = await openServer('Oslo', { heartbeats: false, connectionsMax });
  const port = Number(server.address.split(':')[1]);
  const all = await strangers(port, connectionsMax + 2);
  await eventually('those beyond are not taken', () => stillOpen(all) <= connectionsMax);
  assert.equal(stillOpen(all), connectionsMax);
  for (const socket of all) socket.destroy();
  await eventually('there is room', async () => {
    const [one] = await strangers(port, 1);
    await sleep(50);
    return !one!.closed;
  });
});

test('strangers hold few connections of the listener for people, and whoever signed in keeps theirs', async () => {
  const office = await openOffice();
  const { host, hostname, port } = new URL(office.url);
  const { browser } = await addPerson(office, 'Ada', 'Server administrator');
  const [kept] = await strangers(Number(port), 1, hostname);
  const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
  kept!.write(`GET /api/v1/me HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n\r\n`);
  const [answer] = (await once(kept!, 'data')) as Buffer[];
  assert.match(String(answer), /^HTTP\/1\.1 200 /);

  const all = await strangers(Number(port), NEWCOMERS + MORE, hostname);
  await eventually('some are ended', () => stillOpen(all) <= NEWCOMERS);
  assert.equal(stillOpen(all), NEWCOMERS);
  assert.ok(!kept!.closed);
  await browser.done('GET /me');
});
