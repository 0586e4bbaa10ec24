/** More than one member's share of a server: connections, requests at once, answers it leaves unread, streams, and calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack, Scene } from './attack.ts';
import { type Answer, Connection, headOf, type Line, requestOf } from './connection.ts';
import { heartbeatOf } from './heartbeats.ts';
import { batchOf, type Held, makeRecord, newEpoch, type Position, someQuestion, START } from './record.ts';

const MEMBER_CONNECTIONS = 128;
const BURST = 20;
const LINES = 'application/jsonl';
/** However busy the machine is: what is ended at once is ended by then. */
const ENDED_MS = 20_000;
/** As large as a page of a recovery is, in keys at their limit. */
const PAGE_KEYS = 140;
/** The buffers on its way take some: then a connection holds one answer at the server, and one request waits. */
const PAGES_OF_EACH = 8;
const UNREAD_CONNECTIONS = 20;
const RECOVERY = '/v1/secondary/recovery/keys';

/** Whether the other end closes it within the time. */
async function isEnded(connection: Connection): Promise<boolean> {
  connection.drop();
  for (const end = performance.now() + ENDED_MS; !connection.closed; await sleep(20))
    if (performance.now() > end) return false;
  return true;
}

/** What a server of these budgets grants, once in an hour. */
export const NARROW = {
  heartbeatsAnHour: 40,
  deviceCallsAnHour: 60,
  deviceRecordsAnHour: 30,
  deviceBytesAnHour: 60_000,
  secondaryCallsAnHour: 40,
  secondaryRecordsAnHour: 60,
  secondaryBytesAnHour: 10_000_000,
};
const MEMBERSHIP_CALLS_AN_HOUR = 600;
/** It fills again meanwhile, and what does not fit a part of the budget is granted where the budget is whole. */
const MORE = 10;

/** Asks until it is told to come later. `done` is how much of it one call is. */
async function untilLater(
  { tally }: Scene,
  line: Line,
  what: string,
  granted: number,
  call: (number: number) => { readonly path: string; readonly body: string },
  done = 1,
): Promise<void> {
  const connection = await Connection.open(line);
  const most = granted + granted / 10 + MORE * done;
  let answer: Answer | undefined;
  for (let amount = 0; amount <= most; amount += done) {
    const { path, body } = call(amount);
    answer = await connection.ask(path, body);
    tally.answered(answer);
    if (answer?.status !== 200) break;
  }
  connection.close();
  if (answer?.status === 200) tally.wrong(`${what}: more than ${granted} in an hour are granted`);
}

const receipts = { count: 0, digest: '0'.repeat(64) };
const missing = JSON.stringify({ ids: [] });

async function batchesUntilLater({ secondary, tally }: Scene): Promise<void> {
  const connection = await Connection.open(secondary.line);
  const epoch = newEpoch();
  await connection.ask('/v1/secondary/heartbeat', heartbeatOf({ epoch }));
  let from: Position = START;
  const most = NARROW.secondaryRecordsAnHour * 2;
  for (let sent = 0; sent < most; sent += BURST) {
    const keys = Array.from({ length: BURST }, () => makeRecord({ device: secondary, origin: secondary.id }));
    const { lines, end } = batchOf(epoch, from, keys);
    const body = `${lines.join('\n')}\n`;
    const answer = await connection.ask('/v1/secondary/transmission', body, { type: LINES });
    tally.answered(answer);
    const { outcome } = JSON.parse(String(answer?.body)) as { outcome: string };
    if (outcome === 'later') return connection.close();
    from = end;
  }
  connection.close();
  tally.wrong(`records of a secondary: more than ${NARROW.secondaryRecordsAnHour} in an hour are granted`);
}

/** Keys at their limit that this secondary brought, and an administrator lets it recover. */
async function bring({ secondary }: Scene): Promise<readonly Held[]> {
  const connection = await Connection.open(secondary.line);
  const epoch = newEpoch();
  await connection.ask('/v1/secondary/heartbeat', heartbeatOf({ epoch }));
  const keys = Array.from({ length: PAGE_KEYS }, () =>
    makeRecord({ device: secondary, origin: secondary.id, materialBytes: 4096 }),
  );
  const body = `${batchOf(epoch, START, keys).lines.join('\n')}\n`;
  await connection.ask('/v1/secondary/transmission', body, { type: LINES });
  connection.close();
  return keys;
}

export const ATTACKS_ON_SHARES: readonly Attack[] = [
  {
    name: 'more connections of one member than it may have, a call on each',
    run: async ({ device, tally }) => {
      const open: Connection[] = [];
      let granted = 0;
      for (let number = 0; number < MEMBER_CONNECTIONS + 20; number += 1) {
        const connection = await Connection.open(device.line);
        open.push(connection);
        const answer = await connection.ask('/v1/device/lookup', JSON.stringify(someQuestion()));
        tally.answered(answer);
        if (answer?.status === 200) granted += 1;
      }
      const still = open.filter(({ closed }) => !closed).length;
      for (const connection of open) connection.close();
      if (Math.min(granted, still) > MEMBER_CONNECTIONS)
        tally.wrong(`${granted} connections of one member are served; ${MEMBER_CONNECTIONS} are allowed`);
    },
  },
  {
    name: 'requests at once on each connection, whose answers nobody reads',
    endedBecause: 'requests-at-once',
    run: async ({ device, held, tally }) => {
      const { id, claim } = held[0]!;
      const one = requestOf('/v1/device/lookup', JSON.stringify({ id, claim }));
      const burst = Buffer.concat(Array.from({ length: BURST }, () => one));
      for (let number = 0; number < 8; number += 1) {
        const connection = await Connection.open(device.line);
        connection.push(burst);
        tally.count('sent', BURST);
        if (!(await isEnded(connection)))
          tally.wrong(`a connection is kept that has ${BURST} requests on their way at once`);
        connection.close();
      }
    },
  },
  {
    name: 'pages of a recovery whose answers nobody reads',
    endedBecause: 'answers-unread',
    run: async (scene) => {
      const keys = await bring(scene);
      const ids = JSON.stringify({ ids: keys.map(({ id }) => id) });
      const request = requestOf(RECOVERY, ids);
      const open = await Promise.all(
        Array.from({ length: UNREAD_CONNECTIONS }, () => Connection.open(scene.secondary.line)),
      );
      for (let page = 0; page < PAGES_OF_EACH; page += 1) {
        for (const connection of open) if (connection.push(request)) scene.tally.count('sent');
        // Pages of one member are opened in turn: when this one is read, or refused, all before it were.
        const last = await Connection.open(scene.secondary.line);
        const answer = await last.ask(RECOVERY, ids);
        last.close();
        scene.tally.answered(answer);
        if (answer === undefined) break;
      }
      for (const connection of open) connection.close();
    },
  },
  {
    name: 'transmissions, each begun before the last is over',
    run: async ({ secondary, tally }) => {
      const how = { type: LINES, headers: { 'transfer-encoding': 'chunked' } };
      const begin = JSON.stringify({ epoch: newEpoch(), ...START });
      const front = `${headOf('/v1/secondary/transmission', undefined, how)}${begin.length.toString(16)}\r\n${begin}\r\n`;
      const open: Connection[] = [];
      for (let number = 0; number < BURST; number += 1) {
        const connection = await Connection.open(secondary.line);
        await connection.write(front);
        tally.count('opened');
        open.push(connection);
      }
      const older = await Promise.all(open.slice(0, -1).map(isEnded));
      for (const connection of open) connection.close();
      const kept = older.filter((ended) => !ended).length;
      if (kept > 0) tally.wrong(`${kept} transmissions of one secondary are kept beside a newer one`);
    },
  },
  {
    name: 'connections that go on after a refusal',
    run: async ({ device, stranger, tally }) => {
      const lookup = JSON.stringify(someQuestion());
      const refused = [
        ['of a stranger', stranger, requestOf('/v1/device/lookup', lookup)],
        ['that names no call', device.line, requestOf('/v1/device/none', lookup)],
        ['whose body is announced as too long', device.line, headOf('/v1/device/lookup', 1_000_000)],
      ] as const;
      for (const [which, line, request] of refused) {
        const connection = await Connection.open(line);
        await connection.write(request);
        tally.answered(await connection.next());
        if (!(await isEnded(connection))) tally.wrong(`a connection is kept after a request ${which}`);
        connection.close();
      }
    },
  },
  {
    name: 'a certificate renewed for ever',
    run: (scene) =>
      untilLater(scene, scene.device.line, 'renewals', MEMBERSHIP_CALLS_AN_HOUR, () => ({
        path: '/v1/renew',
        body: '{}',
      })),
  },
  {
    name: 'each call until the server says later',
    at: 'narrow',
    run: async (scene) => {
      const { device, secondary } = scene;
      const origin = device.server.id;
      const heartbeat = {
        path: '/v1/device/heartbeat',
        body: JSON.stringify({ name: device.name, receipts }),
      };
      await untilLater(
        scene,
        device.line,
        'heartbeats of a device',
        NARROW.heartbeatsAnHour,
        () => heartbeat,
      );
      await untilLater(scene, device.line, 'questions of a device', NARROW.deviceCallsAnHour, () => ({
        path: '/v1/device/lookup',
        body: JSON.stringify(someQuestion()),
      }));
      await untilLater(scene, device.line, 'records of a device', NARROW.deviceRecordsAnHour, () => ({
        path: '/v1/device/keys',
        body: JSON.stringify({ complete: makeRecord({ device, origin }).record }),
      }));
      await untilLater(
        scene,
        device.line,
        'calls of a device about receipts',
        NARROW.deviceCallsAnHour,
        () => ({
          path: '/v1/device/receipts/missing',
          body: missing,
        }),
      );
      await untilLater(
        scene,
        secondary.line,
        'questions of a secondary',
        NARROW.secondaryCallsAnHour,
        () => ({
          path: '/v1/secondary/explain',
          body: JSON.stringify({ ...someQuestion(), asked: [], remainingMs: 1000 }),
        }),
      );
      await batchesUntilLater(scene);
    },
  },
  {
    name: 'bytes of keys until the server says later',
    at: 'narrow',
    run: (scene) => {
      const { device } = scene;
      const materialBytes = 4096;
      const call = () => {
        const { record } = makeRecord({ device, origin: device.server.id, materialBytes });
        return { path: '/v1/device/keys', body: JSON.stringify({ complete: record }) };
      };
      const granted = NARROW.deviceBytesAnHour;
      return untilLater(scene, device.line, 'bytes of a device', granted, call, materialBytes);
    },
  },
];
