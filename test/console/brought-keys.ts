/** Keys of any kind in a real server: brought by an export file that was made here. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { prepareSeal } from '#crypto/export-envelope/seal-export.ts';
import type { CompleteKey } from '#domain/encryption-key.ts';
import { inside, recordLine } from '#test/server/transfer/plain-export.ts';
import type { Organisation, Server } from '#test/support/organisation.ts';

/** An export file of these keys, sealed to a server. */
export async function exportFileFor(
  place: Organisation,
  { call }: Server,
  name: string,
  keys: readonly CompleteKey[],
): Promise<string> {
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  const recipient = (await call('serverStatus', {})).recipients.at(-1)!;
  const seal = await prepareSeal({ kind: 'recipient', recipient }, { random });
  const pieces: Uint8Array[] = [];
  for await (const piece of seal.seal(plain(keys))) pieces.push(piece);
  const path = place.path(name);
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}

async function* plain(keys: readonly CompleteKey[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(inside(keys.map(recordLine)));
}

export async function bringKeys(
  place: Organisation,
  server: Server,
  keys: readonly CompleteKey[],
): Promise<void> {
  await server.done(['keys', 'import', await exportFileFor(place, server, 'brought.age', keys)]);
}
