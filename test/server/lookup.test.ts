/** The way down: who is asked, what a hostile or silent neighbour can do, and what every refusal says. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { KeystairError } from '#domain/errors.ts';
import { LOOKUP_DEPTH_MAX, LOOKUP_TIME_UPWARD } from '#domain/limits.ts';
import type { MachineCalls } from '#protocol/machine-calls.ts';
import type { RequestOf } from '#protocol/machine-routes.ts';
import type { LookupAnswer } from '#protocol/messages.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import type { Dialler } from '#server/hierarchy/primary/dialler.ts';
import { REFUSED } from '#test/sentences/refused.ts';
import { joinAs, type MadeKey, type MadeMember, makeSomeKey } from '#test/support/machine-caller.ts';
import { hex, type PlayedSecondary, playSecondary } from '#test/support/played-secondary.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';

/** A primary that this test plays: it answers lookups as it is told, and everything else as it should. */
class PlayedPrimary {
  answer: (request: RequestOf<'lookup'>) => Promise<LookupAnswer> = () => Promise.reject(unreachable());
  heartbeats: 'answered' | 'unreachable' = 'answered';
  readonly asked: RequestOf<'lookup'>[] = [];
  readonly dialler: Dialler;

  constructor() {
    const call = (name: string, request: unknown): Promise<unknown> => {
      if (name === 'lookup') {
        this.asked.push(request as RequestOf<'lookup'>);
        return this.answer(request as RequestOf<'lookup'>);
      }
      if (this.heartbeats === 'unreachable') return Promise.reject(unreachable());
      if (name === 'renew') return Promise.reject(unreachable());
      return Promise.resolve({
        name: 'Above',
        useHierarchy: true,
        dmz: false,
        acknowledged: { seq: 0, chain: hex(new Uint8Array(32)) },
      });
    };
    const calls = {
      call,
      transmit: () => Promise.reject(unreachable()),
    } as unknown as MachineCalls;
    this.dialler = { calls: () => Promise.resolve(calls), close: () => undefined };
  }
}

function unreachable(): KeystairError {
  return new KeystairError('server-unreachable', 'the line was cut');
}

let above: ServerInProcess;
let played: PlayedPrimary;
let server: ServerInProcess;
let device: MadeMember;

before(async () => {
  played = new PlayedPrimary();
  [above, server] = await Promise.all([
    openServer('Above'),
    openServer('Below', { dialler: played.dialler, heartbeats: false }),
  ]);
  await switchOption(true, server);
  await joinInProcess(server, above);
  device = await joinAs((await server.call('inviteDevice', {})).invitation);
});

function ask(key: MadeKey, caller = device) {
  return caller.calls.call('deviceLookup', { id: key.key.id, claim: claimToText(key.claim) });
}

/** It may ask: it has told that its option is on. */
async function speakingSecondary(): Promise<PlayedSecondary> {
  const secondary = await playSecondary(server);
  await secondary.heartbeat();
  return secondary;
}

const found = (key: MadeKey): LookupAnswer => ({
  outcome: 'found',
  complete: keyToWire(key),
  source: above.name,
});

async function reasonOf(key: MadeKey): Promise<string> {
  const answer = await ask(key);
  assert.equal(answer.outcome, 'not-found');
  return answer.outcome === 'not-found' ? answer.reason : '';
}

test('what comes down is kept before it is answered, and says who had it', async () => {
  const key = makeSomeKey();
  played.answer = () => Promise.resolve(found(key));
  const answer = await ask(key);
  assert.ok(answer.outcome === 'found');
  assert.deepEqual(answer.source, above.name);
  assert.ok(await server.has(key.key.id));
  const [listed] = (await server.call('listKeys', { find: key.key.id })).keys;
  assert.equal(listed?.receivedFrom, `primary:${above.name.id}`);
});

test('a device that is removed while its question is on the way up gets no key', async () => {
  const key = makeSomeKey();
  const lost = await joinAs((await server.call('inviteDevice', {})).invitation, { name: 'lost' });
  const asked = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  played.answer = async () => {
    asked.resolve();
    await removed.promise;
    return found(key);
  };
  const answer = ask(key, lost);
  await asked.promise;
  await server.call('removeDevice', { id: 'lost' });
  removed.resolve();
  await assert.rejects(answer, { code: 'not-a-member' });
  assert.ok((await server.events('key-provided')).every((event) => event['key'] !== key.key.id));
});

test('an answer that is not the key asked for is not kept: another key, another content, another claim', async () => {
  const key = makeSomeKey();
  const wire = keyToWire(key);
  const answers: LookupAnswer[] = [
    found(makeSomeKey()),
    {
      ...found(key),
      complete: { ...wire, material: Buffer.from('other').toString('base64') },
    } as LookupAnswer,
    { ...found(key), complete: { ...wire, blind: 'AAAA' } } as LookupAnswer,
  ];
  for (const answer of answers) {
    played.answer = () => Promise.resolve(answer);
    assert.equal(await reasonOf(key), 'bad-answer');
  }
  // A primary without a check of its own gives a key for a wrong claim: it is not kept here either.
  played.answer = () => Promise.resolve(found(key));
  const wrong = { ...key, claim: makeSomeKey().claim };
  assert.equal(await reasonOf(wrong), 'bad-answer');
  assert.equal(await server.has(key.key.id), false);
});

test('identical questions are one flight, and another claim is another question', async () => {
  const key = makeSomeKey();
  const answered = Promise.withResolvers<LookupAnswer>();
  played.answer = () => answered.promise;
  const before = played.asked.length;
  const waiting = server.timersRunning();
  const questions = [ask(key), ask(key), ask(key), ask({ ...key, claim: makeSomeKey().claim })];
  // Each has a deadline of its own, and keeps it while it waits for the answer.
  while (server.timersRunning() < waiting + questions.length) await new Promise(setImmediate);
  answered.resolve(found(key));
  const outcomes = (await Promise.all(questions)).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes, ['found', 'found', 'found', 'not-found']);
  assert.equal(played.asked.length, before + 2);
});

test('an unknown key is remembered for a moment, and forgotten when anything changes', async () => {
  const key = makeSomeKey();
  const unknown: LookupAnswer = {
    outcome: 'not-found',
    reason: 'unknown-key',
    at: above.name,
    asked: [server.name, above.name],
  };
  played.answer = () => Promise.resolve(unknown);
  const before = played.asked.length;
  assert.equal(await reasonOf(key), 'unknown-key');
  const again = await ask(key);
  assert.deepEqual(again.outcome === 'not-found' && again.asked, [server.name, above.name]);
  assert.equal(played.asked.length, before + 1, 'not asked again at once');
  await server.call('changeSettings', { useHierarchy: true });
  played.answer = () => Promise.resolve(found(key));
  assert.equal((await ask(key)).outcome, 'found');
});

test('refusals other than an unknown key are asked for again at once', async () => {
  const key = makeSomeKey();
  played.answer = () =>
    Promise.resolve({ outcome: 'not-found', reason: 'option-off', at: above.name, asked: [server.name] });
  assert.equal(await reasonOf(key), 'option-off');
  played.answer = () => Promise.resolve(found(key));
  assert.equal((await ask(key)).outcome, 'found');
});

test('a neighbour that sends a question round in a loop is told so, and no other server is asked', async () => {
  const key = makeSomeKey();
  // The primary asks us back, as a secondary of ours would, with the list as it is.
  await switchOption(true, above);
  const secondary = await speakingSecondary();
  const before = played.asked.length;
  const answer = await secondary.calls.call('lookup', {
    id: key.key.id,
    claim: claimToText(key.claim),
    asked: [server.name, above.name],
    remainingMs: 5000,
  });
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'loop');
  assert.equal(answer.at.name, 'Below');
  assert.equal(played.asked.length, before);
});

test('a neighbour that hides the loop behind ever new names is stopped at the depth limit', async () => {
  const key = makeSomeKey();
  const secondary = await speakingSecondary();
  const names = (count: number) =>
    Array.from({ length: count }, () => ({ id: randomUUID(), name: 'hidden' }));
  const before = played.asked.length;
  const request = { id: key.key.id, claim: claimToText(key.claim), remainingMs: 5000 };
  const answer = await secondary.calls.call('lookup', { ...request, asked: names(LOOKUP_DEPTH_MAX) });
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'too-deep');
  assert.equal(
    (await secondary.to('lookup', JSON.stringify({ ...request, asked: names(65) }))).code,
    'request-invalid',
  );
  assert.equal(played.asked.length, before);
});

test('the list of servers asked grows by this one, and the time left shrinks', async () => {
  const key = makeSomeKey();
  const secondary = await speakingSecondary();
  played.answer = () => Promise.resolve(found(key));
  const first = { id: randomUUID(), name: 'Lowest' };
  await secondary.calls.call('lookup', {
    id: key.key.id,
    claim: claimToText(key.claim),
    asked: [first],
    remainingMs: 5000,
  });
  const passedOn = played.asked.at(-1);
  assert.deepEqual(passedOn?.asked, [first, server.name]);
  assert.ok(passedOn.remainingMs <= 5000 * LOOKUP_TIME_UPWARD);
});

test('a silent primary costs the time that was given and no more', async () => {
  const secondary = await speakingSecondary();
  const key = makeSomeKey();
  played.answer = () => new Promise(() => undefined);
  const answer = await secondary.calls.call('lookup', {
    id: key.key.id,
    claim: claimToText(key.claim),
    asked: [],
    remainingMs: 200,
  });
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'deadline');
  // Keys that are here are given out meanwhile.
  const here = makeSomeKey();
  await server.record(here);
  assert.equal((await ask(here)).outcome, 'found');
});

test('a primary that is not reached is named with the time since when, and heard again it answers', async () => {
  const key = makeSomeKey();
  played.answer = () => Promise.reject(unreachable());
  played.heartbeats = 'unreachable';
  const answer = await ask(key);
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'primary-unreachable');
  assert.match(String(answer.since), /^\d{4}-/);
  const explained = await server.call('explainKey', { id: key.key.id });
  assert.match(explained.verdict, REFUSED['key-unavailable'].belowCannotReach);
  assert.equal(explained.path[0]?.link, 'unreachable');
  played.heartbeats = 'answered';
  played.answer = () => Promise.resolve(found(key));
  server.clock.aheadMs += 2000;
  assert.equal((await ask(key)).outcome, 'found');
});

test('a primary that was never heard is told apart from one that was lost', async () => {
  const silent = new PlayedPrimary();
  silent.heartbeats = 'unreachable';
  const alone = await openServer('Alone', { dialler: silent.dialler, heartbeats: false });
  await switchOption(true, alone);
  await joinInProcess(alone, above);
  assert.equal((await alone.call('serverStatus', {})).primary?.lastHeartbeatAt, null);
  const caller = await joinAs((await alone.call('inviteDevice', {})).invitation);
  const key = makeSomeKey();
  const answer = await ask(key, caller);
  assert.ok(answer.outcome === 'not-found' && answer.reason === 'primary-unreachable');
  assert.equal(answer.since, null);
  const { verdict } = await alone.call('explainKey', { id: key.key.id });
  assert.match(verdict, REFUSED['key-unavailable'].neverHeard);
});

test('a server that its primary removed says so each time it is asked, however soon', async () => {
  const [primary, removed] = await Promise.all([openServer('Above'), openServer('Removed')]);
  await switchOption(true, primary, removed);
  await joinInProcess(removed, primary);
  const caller = await joinAs((await removed.call('inviteDevice', {})).invitation);
  await primary.call('removeServer', { id: 'Removed' });
  for (let count = 0; count < 3; count += 1) {
    const answer = await ask(makeSomeKey(), caller);
    assert.ok(answer.outcome === 'not-found');
    assert.equal(answer.reason, 'refused-by-primary');
  }
});
