/** What explain says is what a lookup comes to, in any tree, whatever is in the way of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimToText } from '#domain/claim.ts';
import { type ErrorCode, KeystairError } from '#domain/errors.ts';
import { explainRefusal } from '#domain/lookup.ts';
import { createDice, type Dice } from '#test/simulation/world/dice.ts';
import { joinAs, type MadeKey, type MadeMember, makeSomeKey } from '#test/support/machine-caller.ts';
import {
  joinInProcess,
  openServer,
  type ServerInProcess,
  switchOption,
} from '#test/support/server-in-process.ts';
import { UNAVAILABLE } from '#test/sentences/unavailable.ts';

const TREES = 5;
const SERVERS = 5;
const QUESTIONS = 16;

/** What a call to the primary fails with. */
const FAILURES: readonly ErrorCode[] = [
  'server-unreachable',
  'protocol-version',
  'certificate-expired',
  'not-a-member',
  'later',
  'internal',
  'link-closed',
  'request-invalid',
];

interface Place {
  readonly server: ServerInProcess;
  readonly device: MadeMember;
  /** What its calls to its primary fail with from now on, and whether its heartbeats do, too. */
  readonly line: { failure: ErrorCode | undefined; isDown: boolean };
}

async function openPlace(name: string): Promise<Place> {
  const line: Place['line'] = { failure: undefined, isDown: false };
  const server = await openServer(name, {
    heartbeats: false,
    between: (calls) => ({
      ...calls,
      call: (route, ...rest) => {
        const fails = route === 'lookup' || route === 'explain' || line.isDown;
        if (line.failure !== undefined && fails)
          return Promise.reject(new KeystairError(line.failure, 'as the test wants it'));
        return calls.call(route, ...rest);
      },
    }),
  });
  const device = await joinAs((await server.call('inviteDevice', {})).invitation);
  return { server, device, line };
}

async function openTree(dice: Dice): Promise<readonly Place[]> {
  const places = await Promise.all(
    Array.from({ length: SERVERS }, (_, index) => openPlace(`server ${index}`)),
  );
  for (const [index, { server }] of places.entries()) {
    await switchOption(dice.chance(0.85), server);
    // A bushy tree is a shallow one.
    const above = places[dice.chance(0.7) ? index - 1 : dice.below(Math.max(1, index))];
    if (index > 0) await joinInProcess(server, above!.server, { dmz: dice.chance(0.1) });
  }
  for (const { line } of places) {
    if (!dice.chance(0.25)) continue;
    line.failure = dice.pick(FAILURES);
    line.isDown = dice.chance(0.5);
  }
  return places;
}

/** Without the time, which is another at each failed call. */
function timeless(sentence: string): string {
  return sentence.replace(UNAVAILABLE.lastContact, 'at some time');
}

async function requireAgreement({ server, device }: Place, key: MadeKey, seed: number): Promise<string> {
  const question = { id: key.key.id, claim: claimToText(key.claim) };
  const { verdict, path } = await server.call('explainKey', question);
  const answer = await device.calls.call('deviceLookup', question);
  const about = `seed ${seed}, at ${server.name.name}: ${JSON.stringify({ path, answer, verdict })}`;
  if (answer.outcome === 'found') {
    const holder = path.find(({ has }) => has === true);
    assert.equal(holder?.server.id, answer.source.id, about);
    assert.ok(verdict.startsWith(answer.source.name), about);
    return 'found';
  }
  assert.equal(timeless(verdict), timeless(explainRefusal(answer).sentence), about);
  assert.deepEqual(
    path.filter(({ has }) => has !== null).map((step) => step.server.id),
    answer.asked.map(({ id }) => id),
    about,
  );
  return answer.reason;
}

test('explain and lookup agree on the outcome, the reason, where it arose and who was asked', async () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= TREES; seed += 1) {
    const dice = createDice(seed, 'explain agrees');
    const places = await openTree(dice);
    for (let count = 0; count < QUESTIONS; count += 1) {
      const key = makeSomeKey();
      // Higher servers have it more often.
      if (dice.chance(0.6)) await dice.pick(places.slice(0, 1 + dice.below(SERVERS))).server.record(key);
      const asked = dice.chance(0.15) ? { ...key, claim: makeSomeKey().claim } : key;
      outcomes.add(await requireAgreement(dice.pick(places), asked, seed));
    }
  }
  // It would say little if every question ended alike.
  for (const outcome of [
    'found',
    'unknown-key',
    'wrong-claim',
    'option-off',
    'primary-unreachable',
    'refused-by-primary',
  ])
    assert.ok(outcomes.has(outcome), `${outcome} came up: ${[...outcomes].join()}`);
});
