/** A key crosses a link only where both ends have the option on and neither marked it DMZ: every combination tried. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { stepWords } from '#cli/next-steps.ts';
import { claimToText } from '#domain/claim.ts';
import { joinAs, type MadeMember, makeSomeKey } from '#test/support/machine-caller.ts';
import { type PlayedSecondary, playSecondary } from '#test/support/played-secondary.ts';
import { joinInProcess, openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { SHOWN } from '#test/sentences/shown.ts';
import { UNAVAILABLE } from '#test/sentences/unavailable.ts';

let primary: ServerInProcess;
let secondary: ServerInProcess;
let device: MadeMember;

before(async () => {
  [primary, secondary] = await Promise.all([openServer('Above'), openServer('Below')]);
  await joinInProcess(secondary, primary);
  device = await joinAs((await secondary.call('inviteDevice', {})).invitation);
});

interface Link {
  readonly above: boolean;
  readonly below: boolean;
  readonly dmz: 'none' | 'marked above' | 'marked below' | 'marked at both ends';
}

async function setLink({ above, below, dmz }: Link): Promise<void> {
  const marks = {
    above: dmz !== 'none' && dmz !== 'marked below',
    below: dmz !== 'none' && dmz !== 'marked above',
  };
  await primary.call('changeSettings', { useHierarchy: above });
  await secondary.call('changeSettings', { useHierarchy: below });
  await primary.call('setServer', { id: secondary.name.id, dmz: marks.above });
  await secondary.call('setServer', { id: primary.name.id, dmz: marks.below });
}

const LINKS: readonly Link[] = [true, false].flatMap((above) =>
  [true, false].flatMap((below) =>
    (['none', 'marked above', 'marked below', 'marked at both ends'] as const).map((dmz) => ({
      above,
      below,
      dmz,
    })),
  ),
);

for (const link of LINKS) {
  const open = link.above && link.below && link.dmz === 'none';
  const words = `option ${link.above ? 'on' : 'off'} above, ${link.below ? 'on' : 'off'} below, DMZ ${link.dmz}`;
  test(`${words}: ${open ? 'keys cross both ways' : 'no key crosses, up or down'}`, async () => {
    await setLink(link);
    const up = makeSomeKey();
    const down = makeSomeKey();
    await secondary.record(up);
    await primary.record(down);
    await secondary.call('heartbeatNow', {});
    assert.equal(await primary.has(up.key.id), open, 'up');
    const answer = await device.calls.call('deviceLookup', {
      id: down.key.id,
      claim: claimToText(down.claim),
    });
    assert.equal(await secondary.has(down.key.id), open, 'down');
    assert.equal(answer.outcome, open ? 'found' : 'not-found');
    if (answer.outcome === 'found') return;
    assert.equal(answer.reason, link.dmz === 'none' ? 'option-off' : 'link-in-dmz');
    const [listed] = (await primary.call('serverStatus', {})).secondaries;
    assert.equal(listed?.dmz, link.dmz !== 'none', 'the primary shows the mark of either end');
    assert.equal((await secondary.call('serverStatus', {})).primary?.dmz, link.dmz !== 'none');
    const explained = await secondary.call('explainKey', { id: down.key.id });
    assert.match(stepWords(explained), SHOWN.byHand);
    assert.match(explained.verdict, link.dmz === 'none' ? UNAVAILABLE.offAboveOrBelow : UNAVAILABLE.dmz);
  });
}

test('switching on later sends everything there is, and nothing twice', async () => {
  await setLink({ above: true, below: true, dmz: 'none' });
  await secondary.call('heartbeatNow', {});
  const [here, there] = await Promise.all([
    secondary.call('listKeys', { limit: 1000 }),
    primary.call('listKeys', { limit: 1000 }),
  ]);
  const ids = there.keys.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, state } of here.keys) {
    assert.ok(ids.includes(id));
    assert.equal(state, 'acknowledged');
  }
});

test('a secondary that asks against its own mark or option is refused by the primary alone', async () => {
  const wanted = makeSomeKey();
  await primary.record(wanted);
  const ask = async (hostile: PlayedSecondary) => {
    const claim = claimToText(wanted.claim);
    const answer = await hostile.calls.call('lookup', {
      id: wanted.key.id,
      claim,
      asked: [],
      remainingMs: 5000,
    });
    return answer.outcome === 'not-found' ? answer.reason : 'found';
  };
  const hostile = await playSecondary(primary, 'hostile');
  assert.equal(await ask(hostile), 'found', 'by asking it says that its own end is open');
  await hostile.heartbeat({ useHierarchy: false });
  assert.equal(await ask(hostile), 'option-off');
  await hostile.heartbeat({ dmz: true });
  assert.equal(await ask(hostile), 'link-in-dmz');
  await hostile.heartbeat();
  assert.equal(await ask(hostile), 'found');
  await primary.call('setServer', { id: hostile.id, dmz: true });
  assert.equal(await ask(hostile), 'link-in-dmz', 'whatever it says itself');
});

test('what has arrived stays when the link is closed, and the neighbour is told at its next answer', async () => {
  const before = (await primary.call('listKeys', { limit: 1000 })).keys.length;
  const answer = await primary.call('changeSettings', { useHierarchy: false });
  assert.ok(answer.notHeard.some(({ id }) => id === secondary.name.id));
  await secondary.call('heartbeatNow', {});
  assert.equal((await secondary.call('serverStatus', {})).primary?.useHierarchy, false);
  assert.equal((await primary.call('listKeys', { limit: 1000 })).keys.length, before);
});
