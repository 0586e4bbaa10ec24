/**
 * A drive gets a new key: stopped at any step, it opens with a key in custody, the same again finishes, and whoever has a
 * passphrase of their own keeps it.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { adoptDriveForDevice } from '#agent/adopt-drive.ts';
import { testDriveForDevice } from '#agent/drive-commands.ts';
import { rotateDriveForDevice } from '#agent/rotate-drive.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { type AgentInProcess, openAgent } from '#test/support/agent-in-process.ts';
import { openServer, type ServerInProcess } from '#test/support/server-in-process.ts';
import { image, MIB, opensStock, shown, standIn } from './drives/images.ts';
import { stock, unlessInstalled } from './system-tools.ts';

const skip = unlessInstalled('cryptsetup');
const PASSPHRASE = 'Blåbærsyltetøy 7';
const QUICK = ['--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000'];
const { signal } = new AbortController();
let server: ServerInProcess;
let agent: AgentInProcess;
let finder: AgentInProcess;

before(async () => {
  server = await openServer('Oslo');
  [agent, finder] = [openAgent(), openAgent()];
  await agent.enrolWith(server);
  await finder.enrolWith(server);
});

/** A drive of somebody with a passphrase of their own, and its key in custody. */
async function adopted(): Promise<{ readonly path: string; readonly key: string }> {
  const path = image(32 * MIB);
  const args = ['luksFormat', '--batch-mode', '--type=luks2', ...QUICK, '--key-file=-', path];
  stock('cryptsetup', args, { input: PASSPHRASE });
  const request = { path, password: PASSPHRASE, label: undefined, signal };
  const { key } = await adoptDriveForDevice(agent.ports, request);
  return { path, key };
}

function namesIn(path: string): string[] {
  return Object.values(shown(path).tokens).map((token) => (token as { key: string }).key);
}

async function requireOnly(path: string, key: string): Promise<void> {
  assert.deepEqual(namesIn(path), [key]);
  assert.equal(Object.keys(shown(path).keyslots).length, 2);
  assert.ok(opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
  // From custody, at a device that never had it.
  assert.equal((await testDriveForDevice(finder.ports, { path, signal })).key, key);
}

const STEPS = ['luksAddKey', 'token import', 'luksKillSlot', 'token remove'];

for (const step of STEPS)
  for (const when of ['before', 'after'] as const)
    test(`stopped ${when} ${step}, the drive opens with a key in custody, and the same again finishes`, {
      skip,
    }, async () => {
      const { path, key: old } = await adopted();
      const stops = `case "$1 $2" in "${step}"*) ${when === 'after' ? '"$TOOL" "$@";' : ''} exit 9;; esac; exec "$TOOL" "$@"`;
      const folders = [standIn('cryptsetup', stops), '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
      await assert.rejects(rotateDriveForDevice(agent.ports, { path, signal, folders }), {
        code: 'tool-failed',
      });
      const opened = await testDriveForDevice(finder.ports, { path, signal });
      const named = namesIn(path);
      assert.ok(named.includes(opened.key));
      assert.ok(opensStock(path, KeyMaterial.fromText(PASSPHRASE)));
      const done = await rotateDriveForDevice(agent.ports, { path, signal });
      const isOver = step === 'token remove' && when === 'after';
      assert.equal(done.replaces === old, !isOver);
      const material = agent.ports.state.key(old)!.material!;
      assert.equal(opensStock(path, material), false);
      await requireOnly(path, done.key);
      // Only where nothing was added yet is the key that was made for it left unused.
      const made = agent.ports.state.keys().filter(({ record }) => record?.replaces === old);
      assert.equal(made.length, step === 'luksAddKey' && when === 'before' ? 2 : 1);
    });

test('a device that never had the drive rotates it with the key from custody', { skip }, async () => {
  const { path, key: old } = await adopted();
  const { key, replaces } = await rotateDriveForDevice(finder.ports, { path, signal });
  assert.equal(replaces, old);
  await requireOnly(path, key);
  const { key: shownKey } = await server.call('showKey', { id: key });
  assert.deepEqual([shownKey.replaces, shownKey.kind], [old, 'volume']);
  assert.ok(await server.has(old));
});

test("an altered token that names somebody's own keyslot takes nothing from them", { skip }, async () => {
  const { path } = await adopted();
  const [number] = Object.keys(shown(path).tokens);
  const token = Object.values(shown(path).tokens)[0] as object;
  stock('cryptsetup', ['token', 'remove', `--token-id=${number}`, path]);
  stock('cryptsetup', ['token', 'import', '--json-file=-', path], {
    input: JSON.stringify({ ...token, keyslots: ['0', '1'] }),
  });
  const { key } = await rotateDriveForDevice(agent.ports, { path, signal });
  await requireOnly(path, key);
});
