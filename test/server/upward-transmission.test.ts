/** When a heartbeat and a transmission come about: no trigger is lost, whatever the climb does in that moment. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { KeystairError } from '#domain/errors.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { RequestOf } from '#protocol/machine-routes.ts';
import type { Reader } from '#store/transaction.ts';
import { openAgent } from '#test/support/agent-in-process.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeSomeKey } from '#test/support/machine-caller.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

/** A secondary whose heartbeats are counted, at rest. */
async function atRest() {
  const beats = { count: 0 };
  const primary = await openServer('Above');
  const secondary = await openServer('Below', {
    between: (calls) => ({
      ...calls,
      call: (name, ...rest) => {
        if (name === 'heartbeat') beats.count += 1;
        return calls.call(name, ...rest);
      },
    }),
  });
  await switchOption(true, primary, secondary);
  await joinInProcess(secondary, primary);
  const agent = openAgent();
  await agent.enrolWith(secondary);
  await secondary.call('heartbeatNow', {});
  return { primary, secondary, agent, beats };
}

/** Stands between a server and its readings of the primary's row, until the last that is to be changed. */
function changeReading(
  { store }: ServerInProcess,
  change: (reading: number, row: ReturnType<Reader['row']>) => ReturnType<Reader['row']>,
): void {
  const reader = store.reader as { row: Reader['row'] };
  const row = reader.row.bind(reader);
  let readings = 0;
  reader.row = (kind, id) => (kind === 'primary' ? change((readings += 1), row(kind, id)) : row(kind, id));
}

test('a heartbeat that falls due while a transmission begins is made behind it', async () => {
  const { primary, secondary, agent, beats } = await atRest();
  const begins = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  // The key's own look, and then the climb's.
  changeReading(secondary, async (reading, row) => {
    if (reading !== 2) return row;
    begins.resolve();
    await gate.promise;
    return row;
  });
  const id = await agent.makeKey();
  await begins.promise;
  const before = beats.count;
  await secondary.call('setServer', { id: 'Above', dmz: false });
  gate.resolve();
  await eventually('the heartbeat', () => beats.count > before);
  await eventually('the key has climbed', () => primary.has(id));
});

test('a server that cannot read its rows when a key comes goes on, and the key climbs later', async () => {
  const { primary, secondary, agent } = await atRest();
  const failed = Promise.withResolvers<void>();
  changeReading(secondary, async (reading, row) => {
    if (reading !== 1) return row;
    failed.resolve();
    throw new Error('the disk stuttered');
  });
  const id = await agent.makeKey();
  await failed.promise;
  await secondary.call('heartbeatNow', {});
  assert.ok(await primary.has(id));
});

test('two heartbeats that find at one moment that an epoch is over begin one new epoch', async () => {
  const both = Promise.withResolvers<void>();
  const told: string[] = [];
  const heartbeat = async ({ epoch }: RequestOf<'heartbeat'>) => {
    told.push(epoch);
    if (told.length === 2) both.resolve();
    const known = epoch === told[0];
    if (known) await both.promise;
    const acknowledged = known ? { seq: 7, chain: 'f'.repeat(64) } : { seq: 0, chain: '0'.repeat(64) };
    return { name: 'Above', useHierarchy: true, dmz: false, acknowledged };
  };
  const line = { open: false };
  const call = (name: string, request: unknown): Promise<unknown> =>
    name === 'heartbeat' && line.open
      ? heartbeat(request as RequestOf<'heartbeat'>)
      : Promise.reject(new KeystairError('server-unreachable', 'the line is cut'));
  const calls = { call } as unknown as MachineCalls;
  const above = await openServer('Above', { heartbeats: false });
  const server = await openServer('Below', {
    heartbeats: false,
    dialler: { calls: async () => calls, close: () => undefined },
  });
  await switchOption(true, server);
  await joinInProcess(server, above);
  line.open = true;
  await Promise.all([
    server.call('heartbeatNow', {}),
    // Asks how the link stands before it says no.
    server.call('explainKey', { id: randomUUID() }),
  ]);
  const because = (await server.events('epoch-started')).map((event) => event['because']);
  assert.equal(because.length, 2, because.join('; '));
  assert.equal(new Set(told).size, 2, 'the epoch before and the new one are heard, and no third');
});

test('a primary that contradicts every batch is asked a few times, and then at the next heartbeat', async () => {
  let batches = 0;
  const [most, enough] = [4, 20];
  const primary = await openServer('Above');
  const secondary = await openServer('Below', {
    heartbeats: false,
    between: (calls) => ({
      ...calls,
      async transmit(...given) {
        batches += 1;
        if (batches > enough) return calls.transmit(...given);
        const acknowledged = { seq: 0, chain: '0'.repeat(64) };
        return { outcome: 'discontinuous', acknowledged, refused: [], useHierarchy: true, dmz: false };
      },
    }),
  });
  await switchOption(true, primary, secondary);
  await joinInProcess(secondary, primary);
  await secondary.record(makeSomeKey());
  await assert.rejects(secondary.call('heartbeatNow', {}), { code: 'batch-discontinuous' });
  assert.equal(batches, most);
});
