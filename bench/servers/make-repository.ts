/**
 * Makes the data directory of a server that has been running for years, without running it: its keys, and devices with
 * their certificates. Through the same code by which a server records, but for the sync of each commit.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile } from '#crypto/seal/key-file.ts';
import type { Log } from '#server/environment/environment.ts';
import { createRepository } from '#server/start/create-repository.ts';
import { recordKeys } from '#server/records/record-keys.ts';
import { NOTHING_WANTED } from '#test/support/nothing-wanted.ts';
import { makeServerLeaf } from '#server/members/server-leaf.ts';
import { loadAuthority } from '#server/members/credentials.ts';
import { writeMember } from '#server/members/members.ts';
import { writeOptions, OPTIONS_DEFAULT } from '#server/repository/settings.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import { issueMemberCertificate } from '#transport/authority.ts';
import { fingerprintOf, makeKeyPair } from '#transport/key-pair.ts';
import type { TlsCredentials } from '#transport/tls-context.ts';
import { uuidFrom } from '#server/environment/environment.ts';
import { type KnownKey, knownKeyOf, makersOf, makeSampleKey } from './sample-keys.ts';

const KEYS_A_WORK = 2000;
/** Known keys kept for lookups: enough that no cache of ours holds them all. */
const KNOWN_KEYS_MAX = 100_000;

export const random = (bytes: number): Uint8Array => randomBytes(bytes);
export const clock = (): number => Date.now();
export const silent: Log = { info() {}, warn() {}, error() {} };

export function fatal(error: Error): never {
  throw error;
}

export interface BenchDevice {
  readonly id: string;
  readonly name: string;
  readonly credentials: TlsCredentials;
}

export interface MadeRepository {
  readonly data: string;
  readonly server: { readonly id: string; readonly name: string };
  readonly authorityPem: string;
  /** With which a reference may answer. */
  readonly leaf: TlsCredentials;
  readonly devices: readonly BenchDevice[];
  /** Evenly spread over the whole repository. */
  readonly known: readonly KnownKey[];
}

export async function makeRepository(request: {
  readonly data: string;
  readonly name: string;
  readonly keys: number;
  readonly devices: number;
  readonly useHierarchy: boolean;
}): Promise<MadeRepository> {
  const { data, name, keys } = request;
  mkdirSync(data, { mode: 0o700, recursive: true });
  const sealKey = createKeyFile(join(data, 'root.key'), random);
  const store = await openSqliteStore({ directory: data, onFatal: fatal, sync: 'off', random });
  try {
    const repository = await createRepository({ store, clock, random, log: silent }, sealKey, name);
    const { server, rows, barrier, audit } = repository;
    const authority = await loadAuthority(rows, store);
    const devices: BenchDevice[] = [];
    for (let at = 0; at < request.devices; at += 1) {
      const { privateKeyPem, publicKey } = makeKeyPair();
      const id = uuidFrom(random);
      const member = {
        id,
        kind: 'device',
        name: `bench-${at}`,
        fingerprint: fingerprintOf(publicKey),
        publicKey: publicKey.toString('base64'),
        dmz: false,
        state: 'managed',
        movedTo: null,
        heard: null,
        joinedAt: new Date(clock()).toISOString(),
        removedAt: null,
      } as const;
      await store.write((transaction) => writeMember(rows, transaction, member));
      const certificatePem = await issueMemberCertificate(authority, {
        memberId: id,
        publicKey,
        now: clock(),
      });
      devices.push({ id, name: member.name, credentials: { certificatePem, privateKeyPem } });
    }
    if (request.useHierarchy) {
      await store.write((transaction) =>
        writeOptions(rows, transaction, { ...OPTIONS_DEFAULT, useHierarchy: true }),
      );
    }
    const makerOf = makersOf(server.id, clock() - keys);
    const known: KnownKey[] = [];
    const knownEach = Math.max(1, Math.floor(keys / KNOWN_KEYS_MAX));
    for (let at = 0; at < keys; ) {
      const batch = Array.from({ length: Math.min(KEYS_A_WORK, keys - at) }, (_, index) =>
        makeSampleKey(makerOf(at + index)),
      );
      await store.write((transaction) =>
        recordKeys(
          { barrier, clock, audit, wanted: NOTHING_WANTED },
          transaction,
          batch,
          `device:${batch[0]!.complete.key.device.id}`,
        ),
      );
      for (const [index, key] of batch.entries()) {
        if ((at + index) % knownEach === 0) known.push(knownKeyOf(key));
      }
      at += batch.length;
    }
    return {
      data,
      server,
      authorityPem: authority.certificatePem,
      leaf: await makeServerLeaf(authority, server.id, ['127.0.0.1'], clock()),
      devices,
      known,
    };
  } finally {
    await store.close();
  }
}
