/** A server's data directory with many keys or members in it, made in this process in a second, for a real server to start on. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile } from '#crypto/seal/key-file.ts';
import type { Member } from '#domain/member.ts';
import { createRepository } from '#server/start/create-repository.ts';
import { checkKey } from '#domain/encryption-key.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import { writeMember } from '#server/members/members.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { makeSomeKey } from './machine-caller.ts';

const KEYS_AT_ONCE = 500;
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** @returns the ids of the keys, in order. */
export async function makeDirectory(
  data: string,
  name: string,
  keys: number,
  members: readonly Member[] = [],
  deviceName = 'some device',
): Promise<string[]> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const store = await openSqliteStore({
    directory: data,
    onFatal: (error) => {
      throw error;
    },
  });
  const clock = Date.now;
  const sealKey = createKeyFile(join(data, 'root.key'), random);
  const repository = await createRepository({ store, clock, random, log: quiet }, sealKey, name);
  const device = { id: randomUUID(), name: deviceName };
  const ids: string[] = [];
  while (ids.length < keys) {
    const made = Array.from({ length: Math.min(KEYS_AT_ONCE, keys - ids.length) }, () =>
      checkKey(makeSomeKey({ device, origin: repository.server.id })),
    );
    await store.write((transaction) =>
      recordKeys({ ...repository, clock, wanted: NOTHING_WANTED }, transaction, made, `device:${device.id}`),
    );
    ids.push(...made.map(({ complete }) => complete.key.id));
  }
  await store.write(async (transaction) => {
    for (const member of members) await writeMember(repository.rows, transaction, member);
  });
  await store.close();
  return ids;
}
