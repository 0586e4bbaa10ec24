/** Keys that nobody has: they are remembered for a moment, and however many are asked for, memory is bounded. */
import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import { identifyMember } from '#transport/peer-identity.ts';
import { joinAs } from '#test/support/machine-caller.ts';
import { joinInProcess, openServer, switchOption } from '#test/support/server-in-process.ts';

const REMEMBERED = 10_000;
const TOGETHER = 250;

test('of unknown keys so many are remembered, however many are asked for', async () => {
  const above = await openServer('Above', { heartbeats: false });
  let passedUp = 0;
  const between = (calls: MachineCalls): MachineCalls => ({
    ...calls,
    call: (name, ...rest) => {
      if (name !== 'lookup') return calls.call(name, ...rest);
      passedUp += 1;
      return Promise.resolve({
        outcome: 'not-found',
        reason: 'unknown-key',
        at: above.name,
        asked: [],
      }) as unknown as ReturnType<typeof calls.call<typeof name>>;
    },
  });
  const server = await openServer('Below', { heartbeats: false, between });
  await switchOption(true, above, server);
  await joinInProcess(server, above);
  const { credentials } = await joinAs((await server.call('inviteDevice', {})).invitation);
  const certificate = new X509Certificate(credentials.certificatePem);
  const peer = identifyMember(certificate, server.trusted, server.clock());
  const claim = Buffer.alloc(16).toString('base64').replaceAll('=', '');
  const { machines } = server.administration;
  // Without the network between, which would take longer than a miss is remembered.
  const askFor = async (id: string): Promise<unknown> =>
    machines.run('deviceLookup', await machines.admit('deviceLookup', peer), { id, claim }, () => undefined);

  const [first, ...others] = Array.from({ length: 1 + REMEMBERED }, () => randomUUID());
  const begun = Date.now();
  await askFor(first!);
  for (let at = 0; at < others.length; at += TOGETHER) {
    // As if no time had passed.
    server.clock.aheadMs = begun - Date.now();
    await Promise.all(others.slice(at, at + TOGETHER).map((id) => askFor(id)));
  }
  assert.equal(passedUp, 1 + REMEMBERED);
  await askFor(others.at(-1)!);
  assert.equal(passedUp, 1 + REMEMBERED, 'the last is remembered');
  await askFor(first!);
  assert.equal(passedUp, 2 + REMEMBERED, 'the first is not');
});
