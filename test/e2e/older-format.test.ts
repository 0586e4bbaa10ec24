/**
 * A data directory that an older program wrote is served by this one, and nothing in it is lost.
 *
 * Written by that program in truth (`test/vectors/repository/`): what this one takes an older format for may be wrong.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { organisation } from '#test/support/organisation.ts';

const VECTORS = join(import.meta.dirname, '../vectors/repository');
const place = organisation('older-format');

interface Vector {
  readonly rootKey: string;
  /** Of the service account. */
  readonly apiKey: string;
  readonly materials: Readonly<Record<string, string>>;
  readonly keys: readonly { readonly id: string }[];
  readonly people: readonly object[];
  readonly roles: readonly object[];
  readonly devices: readonly object[];
  readonly secondaries: readonly object[];
  readonly events: readonly object[];
}

function dataOf(name: string, { rootKey }: Vector): string {
  const data = place.path(name);
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'root.key'), `${rootKey}\n`, { mode: 0o600 });
  const database = new DatabaseSync(join(data, 'keystair.db'));
  database.exec(
    `PRAGMA journal_mode = WAL; BEGIN; ${readFileSync(join(VECTORS, `${name}.sql`), 'utf8')} COMMIT`,
  );
  database.close();
  return data;
}

function formatOf(data: string): number {
  const database = new DatabaseSync(join(data, 'keystair.db'), { readOnly: true });
  const { user_version: format } = database.prepare('PRAGMA user_version').get()!;
  database.close();
  return Number(format);
}

test('keys, members, people and the audit log of data format 4 are there after the update, and verify', async () => {
  const vector = JSON.parse(readFileSync(join(VECTORS, 'format-4.json'), 'utf8')) as Vector;
  const data = dataOf('format-4', vector);
  assert.equal(formatOf(data), 4);
  const lyon = await place.server('Lyon', { data, args: ['--console', 'http://127.0.0.1:0'] });
  const requireWhole = async (time: string): Promise<void> => {
    const verified = await lyon.done(['server', 'verify']);
    assert.deepEqual([verified['ok'], verified['keys'], verified['problems']], [true, 4, []], time);
    const { keys } = await lyon.call('listKeys', {});
    assert.equal(keys.length, vector.keys.length);
    assert.partialDeepStrictEqual(keys, vector.keys);
    for (const { id } of keys) {
      const { material } = await lyon.call('revealKey', { id, reason: time });
      assert.equal(material, vector.materials[id]);
    }
    assert.partialDeepStrictEqual(await lyon.call('listDevices', {}), { devices: vector.devices });
    const { groups } = await lyon.call('listGroups', {});
    assert.deepEqual(
      groups.map(({ name, devices }) => [name, devices]),
      [['Lyon', vector.devices.length]],
    );
    assert.partialDeepStrictEqual(await lyon.call('showHierarchy', {}), { secondaries: vector.secondaries });
    assert.partialDeepStrictEqual(await lyon.call('listPeople', {}), { people: vector.people });
    const { roles } = await lyon.call('listRoles', {});
    assert.partialDeepStrictEqual(
      roles.filter(({ builtIn }) => !builtIn),
      vector.roles,
    );
    const { events } = await lyon.done(['audit', 'list']);
    assert.deepEqual((events as object[]).slice(0, vector.events.length), vector.events);
    assert.partialDeepStrictEqual(await lyon.call('verifyAudit', {}), { ok: true, problems: [] });
  };
  await requireWhole('updated');
  // Now there is nothing to do.
  await lyon.restart();
  await requireWhole('started again');
  assert.ok(formatOf(data) > 4);
  const { console: url } = await lyon.call('serverStatus', {});
  const answer = await fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${vector.apiKey}` } });
  assert.partialDeepStrictEqual(await answer.json(), {
    person: { name: 'Nils', roles: ['Help desk', 'Enroller'] },
  });
});
