/**
 * The policy of a group, as an administrator shows, tries and sets it: what would change is told before it does, what
 * cannot be carried out is refused as a whole, and whoever is limited to groups learns nothing of the others.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '#domain/right.ts';
import { POLICY_BYTES_MAX } from '#domain/policy/policy-limits.ts';
import { SETTING_NAMES } from '#domain/policy/settings.ts';
import { previewPolicy, setPolicy, showPolicy } from '#server/devices/policies.ts';
import { writeMember } from '#server/members/members.ts';
import { setPolicy as putUnchecked } from '#test/agent/ruled-device.ts';
import { openServer } from '#test/support/server-in-process.ts';
import { someDevice } from '#test/support/some-member.ts';

const server = await openServer('Office', { heartbeats: false });
const { repository, store } = server;
const group = async (name: string, above?: string): Promise<string> =>
  (await server.call('addGroup', { name, ...(above === undefined ? {} : { above }) })).group.id;

async function devices(count: number, at: string): Promise<void> {
  for (let made = 0; made < count; made += 1) {
    const one = someDevice(`PC ${crypto.randomUUID()}`, { group: at });
    await store.write((transaction) => writeMember(repository.rows, transaction, one));
  }
}

const france = await group('France');
const lyon = await group('Lyon', france);
const paris = await group('Paris', france);
await devices(2, france);
await devices(3, lyon);
await devices(4, paris);

const set = (id: string, policy: Record<string, unknown>) => server.call('setPolicy', { id, policy });
const preview = (id: string, policy: Record<string, unknown>) => server.call('previewPolicy', { id, policy });
const show = (id: string) => server.call('showPolicy', { id });

async function isInvalid(
  work: Promise<unknown>,
  ...settings: readonly (string | undefined)[]
): Promise<void> {
  await assert.rejects(work, (error: { code: string; details: { faults: { setting?: string }[] } }) => {
    assert.equal(error.code, 'policy-invalid');
    assert.deepEqual(
      error.details.faults.map(({ setting }) => setting),
      settings,
    );
    return true;
  });
}

test('a server without policies shows the default of every setting', async () => {
  const { policy, number, inherited, settings } = await show(lyon);
  assert.deepEqual([policy, number, inherited], [{}, 0, []]);
  assert.deepEqual(
    settings.map(({ setting }) => setting),
    SETTING_NAMES,
  );
  assert.ok(settings.every(({ from, locked }) => from.kind === 'default' && !locked));
});

test('what a policy would change is told before it does, with its devices, and nothing is changed by asking', async () => {
  await set(paris, { proofHours: 2 });
  const policy = { proofHours: 6 };
  const told = await preview('France', policy);
  assert.deepEqual(told.changes, [{ setting: 'proofHours', before: 24, after: 6 }]);
  assert.equal(told.devices, 5, 'those of Paris keep their own');
  assert.deepEqual(told.groups.map(({ name }) => name).toSorted(), ['France', 'Lyon']);
  assert.deepEqual((await show(france)).policy, {});

  const done = await set('France', policy);
  assert.deepEqual([done.devices, done.changes], [told.devices, told.changes]);
  const event = (await server.events('policy-changed')).at(-1)!;
  assert.deepEqual([event['group'], event['policy'], event['before']], [france, policy, {}]);
  const at = await show(lyon);
  assert.deepEqual(at.inherited, [
    {
      setting: 'proofHours',
      value: 6,
      from: { kind: 'group', id: france, name: 'France' },
      locked: false,
      known: true,
    },
  ]);
  assert.equal(at.number, done.number);
});

test('a setting that is locked above is refused below, and what stands below is named as overruled', async () => {
  const lock = { proofHours: 6, locked: ['proofHours'] };
  const told = await preview(france, lock);
  assert.deepEqual(told.overruled, [
    {
      setting: 'proofHours',
      group: { id: paris, name: 'Paris' },
      by: { kind: 'group', id: france, name: 'France' },
    },
  ]);
  await set(france, lock);
  await isInvalid(set(lyon, { proofHours: 3 }), 'proofHours');
  await set(lyon, { headerBackup: true });
  const below = await show(paris);
  assert.equal(below.settings.find(({ setting }) => setting === 'proofHours')!.value, 6);
  assert.equal(below.overruled[0]!.by.name, 'France');
  await set(france, {});
});

test('a policy that cannot be carried out is refused whole, every fault named', async () => {
  await isInvalid(set(lyon, { fixedDrive: 'leave', proofHours: 0 }), 'fixedDrive', 'proofHours');
  await isInvalid(set(lyon, { encryptedFolders: ['Documents'] }), 'encryptedFolders');
  await isInvalid(set(lyon, { later: 'x'.repeat(POLICY_BYTES_MAX) }), undefined);
  assert.deepEqual((await show(lyon)).policy, { headerBackup: true });
});

test('levels that are sound alone and contradict each other together are refused, here and in groups below', async () => {
  await set(lyon, { fixedDrives: 'require' });
  await isInvalid(set(france, { driveAlgorithms: ['serpent-xts-plain64/512'] }), 'driveAlgorithms');
  await set(lyon, {});
  await set(france, { driveAlgorithms: ['serpent-xts-plain64/512'] });
  await isInvalid(set(lyon, { fixedDrives: 'require' }), 'driveAlgorithms');
  await set(france, {});
});

test('a policy that somebody changed meanwhile is not replaced unseen', async () => {
  const requireVersion = (): never => {
    throw new Error('another version');
  };
  const ports = {
    ...repository,
    store,
    clock: server.clock,
    random: (bytes: number) => new Uint8Array(bytes),
  };
  const by: Caller = { name: 'Anna', rights: [{ area: 'Managed devices', right: 'Write' }] } as never;
  await assert.rejects(setPolicy(ports, by, { id: lyon, policy: {} }, { requireVersion }), /another version/);
});

test('whoever is limited to a group learns what holds there, and nothing of the groups above and beside it', async () => {
  await set(france, { proofHours: 5, locked: ['proofHours'] });
  const groups = new Set([lyon]);
  const rights = (['Read', 'Write'] as const).map((right) => ({ area: 'Managed devices', right, groups }));
  const desk = { name: 'Desk', rights } as unknown as Caller;
  const ports = { ...repository, store };
  const seen = await showPolicy(ports, desk, { id: lyon });
  assert.deepEqual(seen.inherited[0]!.from, { kind: 'group', id: null, name: null });
  for (const id of [france, paris, 'Paris'])
    await assert.rejects(showPolicy(ports, desk, { id }), { code: 'not-found' });
  await assert.rejects(previewPolicy(ports, desk, { id: france, policy: {} }), { code: 'not-found' });
  await assert.rejects(
    previewPolicy(ports, desk, { id: lyon, policy: { proofHours: 4 } }),
    (error: Error) => error.message === 'proofHours is locked by a group above',
  );
});

test('a setting of a later release is shown and named as unknown, and stays when it is inherited', async () => {
  await putUnchecked(server, { printers: 'refuse', proofHours: 'often' }, france);
  const { settings } = await show(lyon);
  const unknown = settings.filter(({ known }) => !known);
  assert.deepEqual(
    unknown.map(({ setting, value }) => [setting, value]),
    [
      ['proofHours', 'often'],
      ['printers', 'refuse'],
    ],
  );
});
