/** An administrator brings the recovery passwords of another product in one list: tried first, taken once, and audited. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { type Json, organisation, refusedWith, type Server } from '#test/support/organisation.ts';

const place = organisation('import-recovery');
const GOOD = Array.from({ length: 230 }, (_, at) => {
  const group = String((at + 1) * 11).padStart(6, '0');
  return `PC-${at},SN-${at},windows,${Array(8).fill(group).join('-')}`;
});
const HEAD = 'hostname,hardware_serial,platform,encryption_key';
let oslo: Server;

before(async () => {
  oslo = await place.server('Oslo');
});

function list(name: string, lines: readonly string[], mode = 0o600): string {
  const path = place.path(name);
  writeFileSync(path, `${[HEAD, ...lines].join('\n')}\n`, { mode });
  return path;
}

const importing = (path: string, ...more: string[]): string[] => [
  'keys',
  'import-recovery',
  path,
  '--from',
  'fleet',
  ...more,
];

test('a dry run says what a list would bring and which rows are bad; with a bad row nothing is taken', async () => {
  const path = list('bad.csv', [GOOD[0]!, 'PC-X,SN-X,windows,000011-000012', GOOD[1]!]);
  const tried = await oslo.done(importing(path, '--dry-run'));
  assert.deepEqual([tried['new'], tried['known'], tried['dryRun']], [2, 0, true]);
  assert.deepEqual(
    (tried['refused'] as Json[]).map(({ line }) => line),
    [3],
  );
  const said = refusedWith(await oslo.run([...importing(path), '--json']), 'invalid-argument');
  assert.ok(said.includes('line 3') && !said.includes('000012'), said);
  assert.deepEqual(await oslo.keyIds(), []);
  const skipped = await oslo.done(importing(path, '--skip-refused'));
  assert.deepEqual([skipped['new'], skipped['known']], [2, 0]);
});

test('a whole list is taken in pages, and a second run changes nothing', async () => {
  const path = list('good.csv', GOOD);
  const { new: fresh, known } = await oslo.done(importing(path));
  assert.deepEqual([fresh, known], [GOOD.length - 2, 2]);
  assert.equal((await oslo.keyIds()).length, GOOD.length);
  const again = await oslo.done(importing(path));
  assert.deepEqual([again['new'], again['known']], [0, GOOD.length]);
  assert.equal((await oslo.keyIds()).length, GOOD.length);
  const { keys } = (await oslo.done(['keys', 'list', '--find', 'SN-229'])) as { keys: Json[] };
  const id = String(keys[0]!['id']);
  const { material } = await oslo.done(['keys', 'reveal', id, '--reason', 'the owner calls']);
  assert.ok(GOOD[229]!.endsWith(String(material)));
  assert.equal((await oslo.done(['server', 'verify']))['ok'], true);
});

test('a list that others may read is refused: it shows the passwords', async () => {
  refusedWith(await oslo.run([...importing(list('open.csv', GOOD, 0o644)), '--json']), 'password-exposed');
});
