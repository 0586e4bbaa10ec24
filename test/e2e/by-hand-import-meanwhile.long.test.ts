/**
 * While a confirmed import is applied, its server takes new keys into custody and answers lookups. That it was
 * meanwhile is read from the order of the audit log and of the keys, not from a clock.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { beginImport, recipientOf } from '#test/support/by-hand-commands.ts';
import { eventually } from '#test/support/eventually.ts';
import { goOn, inSteps } from '#test/support/in-steps.ts';
import { makeDirectory } from '#test/support/made-directory.ts';
import { joinServers, organisation, type Server, setOption } from '#test/support/organisation.ts';
import { lookAtImport } from '#test/support/staged-look.ts';

const KEYS = 20_000;
const place = organisation('import-meanwhile');

/** Connections of a server that stands, in which somebody's bytes wait for it. */
function askersOf(server: Server): number {
  const port = Number(server.listen.split(':').at(-1)).toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , , queues]) => local?.endsWith(`:${port}`) === true && !/:0+$/.test(queues!)).length;
}

/** Numbers in the audit log of the lines that hold all of the texts. */
function auditLines(server: Server, ...texts: readonly string[]): number[] {
  const database = new DatabaseSync(join(server.data, 'keystair.db'), { readOnly: true });
  const rows = database.prepare('SELECT seq, event FROM audit ORDER BY seq').all();
  database.close();
  return rows
    .filter(({ event }) => texts.every((text) => String(event).includes(text)))
    .map(({ seq }) => Number(seq));
}

test('devices encrypt and drives from elsewhere open while a confirmed import is applied', async () => {
  const data = place.path('from');
  await makeDirectory(data, 'From', KEYS);
  const [from, above, below] = await Promise.all([
    place.server('From', { data }),
    place.server('Above'),
    place.server('Below'),
  ]);
  await setOption(true, above, below);
  await joinServers(below, above);
  const [maker, finder] = [await place.enrol('maker', above), await place.enrol('finder', below)];
  const travels = place.path('travels.age');
  const travelling = await maker.encrypt('from above', travels);
  const file = place.path('keys.age');
  await from.done(['keys', 'export', '--out', file, '--to', await recipientOf(above)]);
  await from.stop();

  const before = lookAtImport(above.data).recorded;
  const { finish, ended } = beginImport(above, file, place.path('pipe'), statSync(file).size - 1);
  finish();
  await inSteps(above.pid, 'a part that is recorded', () => lookAtImport(above.data).recorded > before);
  const idle = askersOf(above);
  const making = maker.encrypt('made meanwhile', place.path('made.age'), { newIdentity: true });
  const finding = finder.done(['decrypt-file', travels, place.path('found')]);
  await eventually('a device and a secondary that ask', () => askersOf(above) >= idle + 2);
  goOn(above.pid);
  const made = await making;
  assert.deepEqual(await finding, { key: travelling });
  assert.equal(readFileSync(place.path('found'), 'utf8'), 'from above');
  const ran = await ended;
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(ran.json(), { new: KEYS, known: 0, conflicts: [], dryRun: false });

  const [confirmed] = auditLines(above, '"event":"import-confirmed"');
  const [over] = auditLines(above, '"event":"import-ended"');
  const [custody] = auditLines(above, '"event":"keys-recorded"', made);
  const [provided] = auditLines(above, '"event":"key-provided"', travelling);
  for (const line of [custody, provided]) {
    assert.ok(confirmed! < line! && line! < over!, `${confirmed} < ${line} < ${over} in the audit log`);
  }
  const order = await above.keyIds();
  assert.equal(order.length, before + KEYS + 1);
  const at = order.toReversed().indexOf(made);
  assert.ok(at > 0 && at < KEYS, 'keys of the import were recorded before it and after it');
});
