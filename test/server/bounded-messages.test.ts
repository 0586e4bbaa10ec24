/** A message costs its receiver no more than its bounds say, whoever sends it: nothing over them is parsed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '#domain/errors.ts';
import { LOOKUP_DEPTH_MAX, REQUEST_BYTES_MAX, TREE_SERVERS_MAX } from '#domain/limits.ts';
import { createMachineCalls, type Send } from '#protocol/machine-calls.ts';
import type { TreeServer } from '#protocol/server-tree.ts';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#protocol/version.ts';
import { playSecondary } from '#test/support/played-secondary.ts';
import { openServer } from '#test/support/server-in-process.ts';

const primary = await openServer('Oslo', { heartbeats: false });
const secondary = await playSecondary(primary);

const SAID = JSON.stringify({
  name: 'played',
  useHierarchy: true,
  dmz: false,
  epoch: secondary.epoch,
  seq: 0,
  chain: '0'.repeat(64),
  treeDigest: '0'.repeat(16),
}).slice(0, -1);

const telling = (tree: string): string => `${SAID},"tree":${tree}}`;

function serverBelow(name: string, secondaries: readonly TreeServer[] = []): TreeServer {
  return {
    id: '01a1f7f8-3000-74e3-b020-e07ad3bca24f',
    name,
    useHierarchy: true,
    dmz: false,
    waiting: 0,
    lastHeartbeatAt: '2026-11-20T08:00:00.000Z',
    problem: null,
    secondaries,
  };
}

test('a heartbeat with a tree nested without end is refused at its first fault', async () => {
  for (const [levels, code] of [
    [100, 'request-invalid'],
    [500, 'request-invalid'],
    [10_000, 'request-too-large'],
  ] as const) {
    const answer = await secondary.to(
      'heartbeat',
      telling(`${'[{"secondaries":'.repeat(levels)}[]${'}]'.repeat(levels)}`),
    );
    assert.equal(answer.code, code, `${levels} levels`);
  }
});

test('a tree of nothing but empty servers is refused, however many', async () => {
  for (const [servers, code] of [
    [TREE_SERVERS_MAX, 'request-invalid'],
    [80_000, 'request-too-large'],
    [90_000, 'request-too-large'],
  ] as const) {
    const answer = await secondary.to('heartbeat', telling(`[${'{},'.repeat(servers - 1)}{}]`));
    assert.equal(answer.code, code, `${servers} servers`);
  }
});

test('a request of many values is refused unparsed, in whatever field they lie', async () => {
  const many = `[${'0,'.repeat(100_000)}0]`;
  for (const route of ['lookup', 'recover', 'explain', 'renew'] as const) {
    for (const body of [many, `{"asked":${many}}`, `{"of-a-later-release":${many}}`]) {
      assert.equal(
        (await secondary.to(route, body)).code,
        'request-too-large',
        `${route} ${body.slice(0, 9)}`,
      );
    }
  }
});

test('a body over the bytes of a request is not read', async () => {
  for (const route of ['lookup', 'heartbeat'] as const) {
    const long = JSON.stringify({ id: 'x'.repeat(REQUEST_BYTES_MAX) });
    assert.equal((await secondary.to(route, long)).code, 'request-too-large');
  }
});

test('as many servers as a tree may have are told in one heartbeat', async () => {
  const tree = Array.from({ length: TREE_SERVERS_MAX }, (_, at) => serverBelow(`a branch, number ${at}`));
  const answer = await secondary.to('heartbeat', telling(JSON.stringify(tree)));
  assert.equal(answer.status, 200);
});

test('as deep a hierarchy as lookups climb is told in one heartbeat', async () => {
  let below: TreeServer[] = [];
  for (let level = 1; level < LOOKUP_DEPTH_MAX; level += 1) below = [serverBelow(`level ${level}`, below)];
  assert.equal((await secondary.to('heartbeat', telling(JSON.stringify(below)))).status, 200);
});

/** A server that answers whatever a test says. */
function answering(body: string): ReturnType<typeof createMachineCalls> {
  const send: Send = async () => ({
    status: 200,
    headers: { [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
    body: Buffer.from(body),
  });
  return createMachineCalls(send);
}

test('an answer over the bounds is refused unparsed, and a list that is too long unread', async () => {
  const heard = {
    name: 'Oslo',
    useHierarchy: true,
    dmz: false,
    acknowledged: { seq: 0, chain: '0'.repeat(64) },
  };
  const begun = JSON.stringify(heard).slice(0, -1);
  const said = JSON.parse(`${SAID}}`) as Parameters<typeof secondary.heartbeat>[0] & Record<string, never>;
  const heartbeat = (body: string) => answering(body).call('heartbeat', said as never);
  await heartbeat(`${begun},"addresses":["oslo:7443"]}`);
  await assert.rejects(
    heartbeat(`${begun},"addresses":[${'0,'.repeat(1_000_000)}0]}`),
    (error) => codeOf(error) === 'request-too-large',
  );
  await assert.rejects(
    heartbeat(`${begun},"addresses":${'['.repeat(100)}${']'.repeat(100)}}`),
    (error) => codeOf(error) === 'request-too-large',
  );
  await assert.rejects(
    heartbeat(`${begun},"addresses":[${'"oslo:7443",'.repeat(100)}"oslo:7443"]}`),
    (error) => codeOf(error) === 'request-invalid',
  );
});
