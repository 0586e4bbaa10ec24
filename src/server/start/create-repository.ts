/**
 * The first start makes everything of a server in one transaction, so that a crash leaves a whole server or none. Every
 * later start opens the keyring in the rows.
 */
import { Barrier } from '#crypto/barrier.ts';
import { createKeyring, type Keyring } from '#crypto/keyring.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { toHex } from '#domain/hex.ts';
import { FREE_BYTES_FOR_TRANSMISSIONS } from '#domain/limits.ts';
import type { ServerName } from '#domain/server-name.ts';
import { step } from '#domain/step.ts';
import type { Store } from '#store/store.ts';
import type { Reader } from '#store/transaction.ts';
import { createAuthority } from '#transport/authority.ts';
import { AuditLog } from '../audit/audit-log.ts';
import { openAuditTree } from '../audit/open-tree.ts';
import { storeNewLogKeys } from '../checkpoints/log-keys.ts';
import { storeNewReceiptKey } from '../devices/receipts.ts';
import { type Clock, isoTime, type Log, type Random, uuidFrom } from '../environment/environment.ts';
import { storeNewAuthority } from '../members/credentials.ts';
import {
  OPTIONS_DEFAULT,
  readIdentity,
  writeEpoch,
  writeIdentity,
  writeOptions,
} from '../repository/settings.ts';
import { TrustedRows } from '../repository/trusted-rows.ts';
import { type Opened, openWithKeyFile } from '../seals/auto-unseal.ts';
import { putDataKey, putSeal, readDataKeys, readSeals } from '../seals/seal-rows.ts';

export interface Repository {
  readonly server: ServerName;
  readonly barrier: Barrier;
  readonly rows: TrustedRows;
  readonly audit: AuditLog;
  readonly keyring: Keyring;
}

export interface RepositoryPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Certificates come from a generator of their own. A caller that needs identical runs passes in another maker. */
  readonly makeAuthority?: typeof createAuthority;
}

/** The id of the seal that a first start and a restore make. */
export const KEY_FILE_SEAL = 'key-file';

/** Whether a server was already made in this store. */
export async function isNew(reader: Reader): Promise<boolean> {
  return (await reader.rows('seal')).length === 0;
}

/** Throws `already-exists` where another process made the server a moment ago. */
export async function createRepository(
  ports: RepositoryPorts,
  sealKey: Uint8Array,
  name: string,
): Promise<Repository> {
  const { store, clock, random } = ports;
  const { keyring, seal, dataKeys } = createKeyring({
    random,
    sealKey,
    sealId: KEY_FILE_SEAL,
    kind: 'key-file',
  });
  const parts = makeParts(ports, keyring);
  const server: ServerName = { id: uuidFrom(random), name };
  const { makeAuthority = createAuthority } = ports;
  const authority = await makeAuthority({ serverId: server.id, now: clock() });
  const epoch = toHex(random(16));
  const made = store.write(async (transaction) => {
    if (!(await isNew(transaction))) throw madeMeanwhile();
    await putSeal(parts.rows, transaction, seal, isoTime(clock()));
    for (const dataKey of dataKeys) await putDataKey(transaction, dataKey);
    await writeIdentity(parts.rows, transaction, server);
    await writeOptions(parts.rows, transaction, OPTIONS_DEFAULT);
    await writeEpoch(parts.rows, transaction, { epoch, startedAt: isoTime(clock()) });
    await storeNewAuthority(parts.rows, transaction, authority);
    await storeNewReceiptKey(parts.rows, transaction, random);
    await storeNewLogKeys(parts.rows, transaction, random);
    await parts.audit.append(transaction, [
      { event: 'server-created', by: 'server', server: server.id, name },
      {
        event: 'epoch-started',
        by: 'server',
        epoch,
        because: 'the repository was created',
        previous: '',
        lastCheckpoint: null,
      },
    ]);
  });
  await made.catch((error: unknown) => {
    throw codeOf(error) === 'disk-full' ? noRoomForNew(error as KeystairError) : error;
  });
  return { ...parts, server };
}

function madeMeanwhile(): KeystairError {
  return new KeystairError(
    'already-exists',
    'another process made the server in this database a moment ago',
    {
      nextStep: 'start again: this process then joins it',
    },
  );
}

/** There is no server yet whose custody or lookups the message could mention. */
function noRoomForNew(cause: KeystairError): KeystairError {
  const mebibytes = FREE_BYTES_FOR_TRANSMISSIONS / 1024 / 1024;
  return new KeystairError('disk-full', `no server was created: ${cause.message}`, {
    nextStep: `free at least ${mebibytes} MiB there, and run the command again`,
    cause,
  });
}

/** Opens it with the contents of a key file. @param name renames the server, if given. */
export async function openRepository(
  ports: RepositoryPorts,
  sealKey: Uint8Array,
  name: string | undefined,
): Promise<Repository> {
  const { reader } = ports.store;
  const seals = (await readSeals(reader)).seals.filter(({ kind }) => kind === 'key-file');
  if (seals.length === 0) {
    throw new KeystairError('root-key-wrong', "this server's root key is not in a key file", {
      nextStep: step('start-and-unseal'),
    });
  }
  const opened = openWithKeyFile(seals, await readDataKeys(reader), sealKey);
  return openedRepository(ports, opened, name);
}

/** The repository behind an opened seal. @param name renames the server, if given. */
export async function openedRepository(
  ports: RepositoryPorts,
  { keyring, seal }: Opened,
  name: string | undefined,
): Promise<Repository> {
  const { store } = ports;
  const parts = makeParts(ports, keyring);
  // Before anything can be recorded.
  await openAuditTree({ ...parts, store, log: ports.log });
  // The first release gave the row of its only seal no MAC. That it opened proves that it is genuine.
  if ((await store.reader.row('seal', seal.id))?.mac.length === 0) {
    await store.write((transaction) =>
      putSeal(parts.rows, transaction, seal, seal.createdAt ?? isoTime(ports.clock())),
    );
  }
  const server = await readIdentity(parts.rows, store.reader);
  if (server === undefined) {
    throw new KeystairError('row-untrusted', "the row of this server's identity is missing or was altered", {
      nextStep: 'restore the data directory from a backup',
    });
  }
  if (name === undefined || name === server.name) return { ...parts, server };
  const renamed: ServerName = { id: server.id, name };
  await store.write(async (transaction) => {
    await writeIdentity(parts.rows, transaction, renamed);
    await parts.audit.append(transaction, [{ event: 'settings-changed', by: 'server', changes: { name } }]);
  });
  return { ...parts, server: renamed };
}

/** The parts between a repository's rows and the operations on them. */
export function makeParts(ports: RepositoryPorts, keyring: Keyring) {
  const barrier = new Barrier(keyring, ports.random);
  const audit = new AuditLog(ports.store, barrier, ports.clock);
  const rows = new TrustedRows(barrier, (kind, id) => {
    ports.log.error(
      { event: 'row-untrusted', kind, id },
      'a row was altered in the database and counts as absent',
    );
    audit.record({ event: 'row-untrusted', by: 'server', kind, id }).catch(() => undefined);
  });
  return { keyring, barrier, audit, rows };
}
