/**
 * Clocks that are wrong for a while and are set right: whoever is wrong, nothing that was acknowledged is lost, numbers
 * and epochs go on, and what does not work meanwhile says that it is a matter of clocks.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentFileIdentity } from '#agent/file-identity.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { type AgentInProcess, openAgent } from '#test/support/agent-in-process.ts';
import { joinAs } from '#test/support/machine-caller.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

const DAY_MS = 24 * 3_600_000;
const AHEAD = 400 * DAY_MS;
const BEHIND = -30 * DAY_MS;
/** A new key of a device looks at the clock less often than this, handshake included. */
const LOOKS_MAX = 16;

interface Site {
  readonly primary: ServerInProcess;
  readonly secondary: ServerInProcess;
  readonly agent: AgentInProcess;
  /** Acknowledged to the device. */
  readonly keys: string[];
  readonly epoch: string;
}

async function openSite(): Promise<Site> {
  const [primary, secondary] = await Promise.all([
    openServer('Above', { heartbeats: false }),
    openServer('Below', { heartbeats: false }),
  ]);
  await switchOption(true, primary, secondary);
  await joinInProcess(secondary, primary);
  const agent = openAgent();
  await agent.enrolWith(secondary);
  const keys = [await agent.makeKey()];
  await secondary.call('heartbeatNow', {});
  const { epoch } = await secondary.call('serverStatus', {});
  return { primary, secondary, agent, keys, epoch };
}

/** The sentence where clocks were in the way; undefined where it worked. Throws any other failure. */
async function orClockProblem(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!(error instanceof KeystairError) || codeOf(error) !== 'clock-problem') throw error;
    return error.sentence;
  }
}

/** An hour goes by in which the programs look after their certificates, and everybody tries to work. */
async function workOn({ primary, secondary, agent, keys }: Site): Promise<(string | undefined)[]> {
  await Promise.all([primary.renewLeaf(), secondary.renewLeaf()]);
  const told = [
    await orClockProblem(agent.heartbeat()),
    await orClockProblem(agent.makeKey().then((id) => keys.push(id))),
    await orClockProblem(secondary.call('heartbeatNow', {})),
  ];
  const { primary: shown } = await secondary.call('serverStatus', {});
  if (told[2] !== undefined) assert.equal(shown?.problem, told[2], 'status says so too');
  return told;
}

/** With every clock right: all is well by itself, and nothing has gone back. */
async function comesBack(site: Site): Promise<void> {
  const { primary, secondary, agent, keys, epoch } = site;
  assert.deepEqual(await workOn(site), [undefined, undefined, undefined]);
  for (const id of keys) assert.ok(await primary.has(id), 'every key is above');
  for (const { custody } of agent.ports.state.keys()) assert.equal(custody, 'made', 'none waits');
  const status = await secondary.call('serverStatus', {});
  assert.equal(status.epoch, epoch, 'the same life of the repository');
  assert.equal(status.primary?.acknowledgedSeq, status.headSeq);
  assert.equal(status.primary?.problem, null);
  for (const server of [primary, secondary]) {
    assert.deepEqual((await server.call('verify', {})).problems, []);
    const audit = await server.store.reader.auditAfter(0, 100_000);
    assert.deepEqual(
      audit.map(({ seq }) => seq),
      audit.map((_, at) => at + 1),
    );
  }
}

type Outcome = 'works' | 'told';

/** Of the device's heartbeat, the device's new key, and the secondary's heartbeat. */
const WRONG: readonly (readonly [string, 'primary' | 'secondary' | 'agent', number, readonly Outcome[]])[] = [
  ['a primary 400 days ahead', 'primary', AHEAD, ['works', 'works', 'told']],
  ['a secondary 400 days ahead', 'secondary', AHEAD, ['told', 'told', 'told']],
  ['a device 400 days ahead', 'agent', AHEAD, ['told', 'told', 'works']],
  ['a primary 30 days behind', 'primary', BEHIND, ['works', 'works', 'works']],
  ['a secondary 30 days behind', 'secondary', BEHIND, ['works', 'works', 'told']],
  ['a device 30 days behind', 'agent', BEHIND, ['told', 'told', 'works']],
];
for (const [name, who, ms, expected] of WRONG) {
  test(`${name} works on or says that it is a matter of clocks, and once it is set right all is well`, async () => {
    const site = await openSite();
    site[who].clock.aheadMs = ms;
    const told = await workOn(site);
    assert.deepEqual(
      told.map((sentence): Outcome => (sentence === undefined ? 'works' : 'told')),
      expected,
    );
    for (const sentence of told) {
      if (sentence !== undefined) assert.match(sentence, REFUSED['clock-problem'].clockHere);
    }
    site[who].clock.aheadMs = 0;
    await comesBack(site);
  });
}

test('a clock that jumps at any moment of a handshake or call ends it clearly or not at all, and no key is lost', async () => {
  const site = await openSite();
  const { agent, keys } = site;
  let told = 0;
  for (const jump of [AHEAD, BEHIND]) {
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      let looked = 0;
      const clock = (): number => Date.now() + ((looked += 1) > looks ? jump : 0);
      const made = currentFileIdentity({ ...agent.ports, clock }, 'age-x25519', true);
      const sentence = await orClockProblem(made.then(({ keyId }) => keys.push(keyId)));
      if (sentence !== undefined) told += 1;
      if (looks === LOOKS_MAX - 1) assert.ok(looked < looks, 'the clock was looked at more often than that');
    }
  }
  assert.ok(told > 0 && keys.length > 1, 'some got through, and some did not');
  await comesBack(site);
});

test('a clock that is set back between two heartbeats takes nothing back', async () => {
  const site = await openSite();
  const { primary, secondary, agent } = site;
  for (const days of [2, 1, 0]) {
    for (const { clock } of [primary, secondary, agent]) clock.aheadMs = days * DAY_MS;
    const before = await secondary.call('serverStatus', {});
    await comesBack(site);
    const after = await secondary.call('serverStatus', {});
    assert.equal(after.headSeq, before.headSeq + 1);
    assert.ok(after.primary!.acknowledgedSeq > before.primary!.acknowledgedSeq);
  }
});

test('a site whose clocks all stood ahead makes no new key for each file once they are right', async () => {
  const site = await openSite();
  const { secondary, agent } = site;
  for (const { clock } of [secondary, agent]) clock.aheadMs = AHEAD;
  await secondary.renewLeaf();
  site.keys.push(await agent.makeKey());
  for (const { clock } of [secondary, agent]) clock.aheadMs = 0;
  await comesBack(site);
  const [one, two] = [
    await currentFileIdentity(agent.ports, 'age-x25519', false),
    await currentFileIdentity(agent.ports, 'age-x25519', false),
  ];
  assert.equal(one.keyId, two.keyId);
  assert.equal(one.keyId, site.keys.at(-1), 'the one made since');
});

test('an invitation that was over by the clock of the server that made it stays over when the clock is set back', async () => {
  const server = await openServer('Only');
  const { invitation } = await server.call('inviteDevice', { expiresMs: 7 * DAY_MS });
  const { invitation: spent } = await server.call('inviteDevice', { expiresMs: 7 * DAY_MS });
  const member = await joinAs(spent);
  server.clock.aheadMs = AHEAD;
  await server.renewLeaf();
  const now = server.clock;
  for (const late of [invitation, spent])
    await assert.rejects(joinAs(late, { now, pair: member.pair, id: member.id }), {
      code: 'invitation-expired',
    });
  server.clock.aheadMs = 0;
  await server.renewLeaf();
  await assert.rejects(joinAs(invitation), { code: 'invitation-expired' });
  const { invitation: fresh } = await server.call('inviteDevice', {});
  await joinAs(fresh);
  await assert.rejects(joinAs(fresh), { code: 'invitation-used' });
});
