/** The UUID of a drive finds its key however the person at the telephone spells it, and so does the id of a key. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openServer } from '#test/support/server-in-process.ts';
import { makeSomeKey } from '#test/support/some-key.ts';

function spellings(uuid: string): readonly string[] {
  const digits = uuid.replaceAll('-', '');
  return [uuid, uuid.toUpperCase(), digits, digits.toUpperCase()];
}

test('a drive’s UUID and a key’s id find the key in either case, with and without dashes', async () => {
  const server = await openServer('Oslo');
  const luksUuid = randomUUID();
  const made = makeSomeKey({ locator: { luksUuid } });
  const { id } = made.key;
  await server.record(made);
  await server.record(makeSomeKey({ locator: { luksUuid: randomUUID() } }));
  for (const typed of [...spellings(luksUuid), ...spellings(id)]) {
    assert.equal((await server.call('showKey', { id: typed })).key.id, id, typed);
    const { keys } = await server.call('listKeys', { find: typed });
    assert.deepEqual(
      keys.map((key) => key.id),
      [id],
      typed,
    );
    const { path } = await server.call('explainKey', { id: typed });
    assert.equal(path[0]!.has, true, typed);
  }
  for (const typed of spellings(randomUUID()))
    await assert.rejects(server.call('showKey', { id: typed }), { code: 'not-found' }, typed);
});
