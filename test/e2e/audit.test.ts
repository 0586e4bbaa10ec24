/**
 * The audit log from the command line: listed, verified, exported and verified again without a server; witnessed by the
 * primary, which names a branch that was set back to an older copy of itself.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { AUDIT } from '#test/sentences/audit.ts';
import {
  doneJson,
  failureSentence,
  joinServers,
  type Json,
  organisation,
  refusedWith,
  type Server,
} from '#test/support/organisation.ts';
import { runKeystair } from '#test/support/run-keystair.ts';

const place = organisation('audit');
let oslo: Server;
let lyon: Server;

before(async () => {
  oslo = await place.server('Oslo');
  lyon = await place.server('Lyon');
  await joinServers(lyon, oslo);
  await lyon.heartbeat();
});

const verifyFile = (...args: readonly string[]) =>
  runKeystair(['audit', 'verify', '--file', ...args, '--json']);

interface Status {
  readonly audit: { readonly witnessed: readonly { readonly gap: boolean }[] };
  readonly warnings: string[];
}

test('events are listed and found, with their numbers', async () => {
  const { events, next } = (await lyon.done(['audit', 'list'])) as { events: Json[]; next: null };
  assert.deepEqual([events[0]!['number'], events[0]!['event'], next], [1, 'server-created', null]);
  const found = (await lyon.done(['audit', 'list', '--find', 'hierarchy-joined'])) as { events: Json[] };
  assert.deepEqual(
    found.events.map(({ name }) => name),
    ['Oslo'],
  );
  const { events: none } = await lyon.done(['audit', 'list', '--until', '2020-01-01']);
  assert.deepEqual(none, []);
  assert.equal((await lyon.run(['audit', 'list', '--since', 'yesterday'])).status, 2);
});

test('an export verifies without a server; only a key from elsewhere proves who wrote it', async () => {
  const file = place.path('lyon.audit');
  const { exported } = await lyon.done(['audit', 'export', file]);
  const { ok, size, root, problems } = await lyon.done(['audit', 'verify']);
  assert.deepEqual([ok, size, problems], [true, exported, []]);
  const { auditKey } = await lyon.done(['server', 'status']);
  const key = place.path('lyon.vkey');
  writeFileSync(key, `${String(auditKey)}\n`);

  const alone = doneJson(await verifyFile(file));
  assert.deepEqual([alone['ok'], alone['trusted'], alone['root']], [true, false, root]);
  assert.match((await runKeystair(['audit', 'verify', '--file', file])).stdout, AUDIT.consistentOnly);
  const trusted = doneJson(await verifyFile(file, '--vkey', key));
  assert.deepEqual([trusted['ok'], trusted['trusted']], [true, true]);

  const lines = readFileSync(file, 'utf8').split('\n');
  const other = place.path('other.audit');
  for (const [bent, words] of [
    [lines.with(2, lines[2]!.replace('"by"', '"bx"')), AUDIT.linesAltered],
    [lines.toSpliced(2, 1), AUDIT.fewerLines],
  ] as const) {
    writeFileSync(other, bent.join('\n'));
    const ran = await verifyFile(other);
    assert.equal(ran.status, 1);
    assert.match(String((ran.json()['problems'] as string[])[0]), words);
    failureSentence(ran, 'data-damaged');
  }
  const { auditKey: anothers } = await oslo.done(['server', 'status']);
  writeFileSync(key, String(anothers));
  const ran = await verifyFile(file, '--vkey', key);
  assert.equal(ran.status, 1);
  assert.match(String((ran.json()['problems'] as string[])[0]), AUDIT.notSignedByGiven);
  refusedWith(await verifyFile(key), 'file-damaged');
  refusedWith(await verifyFile(file, '--vkey', file), 'invalid-argument');
});

test('a proof and a checkpoint are printed as other tools read them', async () => {
  const { stdout } = await lyon.run(['audit', 'proof', '1']);
  assert.match(stdout, /^c2sp\.org\/tlog-proof@v1\nindex 0\n/);
  const { checkpoint, countersigned } = (await lyon.done(['audit', 'checkpoint'])) as {
    checkpoint: string;
    countersigned: Json;
  };
  assert.match(checkpoint, new RegExp(`^keystair/${lyon.id}/[0-9a-f]{32}\\n\\d+\\n`));
  assert.deepEqual(countersigned['primary'], { id: oslo.id, name: 'Oslo' });
  refusedWith(await lyon.run(['audit', 'proof', '1000000']), 'not-found');
});

test('a branch that is set back to an older copy of itself is named by its primary until that is acknowledged', async () => {
  await lyon.stop();
  const copy = place.path('copy');
  cpSync(lyon.data, copy, { recursive: true });
  await lyon.restart();
  // Nothing but the audit log knows of this: no key was recorded.
  await lyon.done(['devices', 'invite']);
  await lyon.heartbeat();
  await lyon.stop();
  rmSync(lyon.data, { recursive: true });
  cpSync(copy, lyon.data, { recursive: true });
  await lyon.restart();
  await lyon.heartbeat();

  const status = (await oslo.done(['server', 'status'])) as unknown as Status;
  assert.deepEqual(
    status.audit.witnessed.map(({ gap }) => gap),
    [true],
  );
  assert.ok(status.warnings.some((warning) => warning.includes(`keystair audit acknowledge ${lyon.id}`)));
  const { events } = (await oslo.done(['audit', 'list', '--find', 'audit-gap-found'])) as { events: Json[] };
  assert.deepEqual(
    events.map(({ what, server }) => [what, server]),
    [['new-epoch', lyon.id]],
  );
  assert.deepEqual(await oslo.done(['audit', 'acknowledge', 'Lyon']), {
    server: { id: lyon.id, name: 'Lyon' },
    gaps: 1,
  });
  await lyon.heartbeat();
  const after = (await oslo.done(['server', 'status'])) as unknown as Status;
  assert.deepEqual(
    after.audit.witnessed.map(({ gap }) => gap),
    [false],
  );
  assert.deepEqual(
    after.warnings,
    status.warnings.filter((warning) => !warning.includes('audit acknowledge')),
  );
  assert.equal((await lyon.done(['audit', 'verify']))['ok'], true);
});
