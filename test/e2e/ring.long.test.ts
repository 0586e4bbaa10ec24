/** Four servers joined in a ring while one of them was down: every one names it, no key is lost, and one `leave` ends it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import {
  type Json,
  joinServers,
  organisation,
  refusedWith,
  type Server,
  setOption,
} from '#test/support/organisation.ts';
import { SHOWN } from '#test/sentences/shown.ts';

const place = organisation('ring');

const namesRing = (text: unknown): boolean => typeof text === 'string' && SHOWN.formALoop.test(text);

/** At its own row and at its secondary's in `hierarchy show`, and in `server status`. */
async function tellsOfRing(server: Server): Promise<boolean[]> {
  const shown = await server.done(['hierarchy', 'show']);
  const status = await server.done(['server', 'status']);
  const [secondary] = shown['secondaries'] as Json[];
  return [
    namesRing((shown['server'] as Json)['problem']),
    namesRing(secondary?.['problem']),
    (status['warnings'] as unknown[]).some(namesRing),
  ];
}

test('a ring closed while a server was down is named by all four, loses no key, and ends with one leave', async () => {
  const [aarhus, bergen, cork, delft] = await Promise.all(
    ['Aarhus', 'Bergen', 'Cork', 'Delft'].map((name) => place.server(name)),
  );
  assert.ok(aarhus && bergen && cork && delft);
  const ring = [aarhus, bergen, cork, delft];
  await setOption(true, ...ring);
  await joinServers(cork, bergen);
  await joinServers(bergen, aarhus);
  // Seen, it is refused: Aarhus knows Cork below it.
  const { invitation } = await cork.call('inviteSecondary', {});
  refusedWith(await aarhus.run(['hierarchy', 'join', '-', '--json'], invitation), 'invitation-invalid');

  await bergen.stop();
  await joinServers(delft, cork);
  await joinServers(aarhus, delft);
  await bergen.restart();

  for (const server of ring) {
    await eventually(`the ring at ${server.name}`, async () => {
      await server.heartbeat().catch(() => undefined);
      return (await tellsOfRing(server)).every(Boolean);
    });
    assert.match(server.log, /"loop-found"/);
  }

  const laptop = await place.enrol('laptop', cork);
  const file = place.path('plan.age');
  await laptop.encrypt('the plan', file);
  assert.equal(await laptop.textOf(file), 'the plan');
  const [key] = await cork.keyIds();
  for (const server of ring) {
    await eventually(`the key at ${server.name}`, async () => (await server.keyIds()).includes(key!));
  }

  await aarhus.done(['hierarchy', 'leave']);
  for (const server of ring) {
    await eventually(`no ring at ${server.name}`, async () => !(await tellsOfRing(server)).some(Boolean));
  }
  const { primary } = await aarhus.call('serverStatus', {});
  assert.equal(primary, null);
});
