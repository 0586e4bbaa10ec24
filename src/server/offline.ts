/**
 * Operations on a data directory on which no server runs: verifying it, making it from a backup, and the restore drill.
 * The command line calls them in its own process.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createKeyFile, readKeyFile } from '#crypto/seal/key-file.ts';
import { codeOf, KeystairError } from '#domain/errors.ts';
import { step } from '#domain/step.ts';
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { BackupFile, CheckReport, RestoreReport, Watch } from '#protocol/server-program.ts';
import { fillSqliteDirectory } from '#store/sqlite/fill-directory.ts';
import { openSqliteStore } from '#store/sqlite/open-sqlite-store.ts';
import type { Store } from '#store/store.ts';
import { checkBackup } from './backup/check-backup.ts';
import { readBackup } from './backup/read-backup.ts';
import { restoreBackup } from './backup/restore-backup.ts';
import { withScratchDirectory } from './backup/scratch-directory.ts';
import { type CallLife, callLife, UNWATCHED } from './environment/call-life.ts';
import { readConfig } from './config.ts';
import { readDatabasePlace } from './database-config.ts';
import { fillDatabase } from './fill-database.ts';
import { readDataKeys } from './seals/seal-rows.ts';
import { openedRepository } from './start/create-repository.ts';
import { openStore } from './open-store.ts';
import { createLog, endProcess, logTrouble } from './process-log.ts';
import { openAtStart } from './start/open-at-start.ts';
import { verify } from './integrity/verify/verify.ts';

const clock = (): number => Date.now();
const random = (bytes: number): Uint8Array => randomBytes(bytes);

export interface RestoreOptions {
  readonly config: string | undefined;
  readonly newKeyFile: boolean;
  /** Undefined: the one that the configuration names, else the data directory. */
  readonly database: string | undefined;
}

/** Verifies a data directory on which no server runs. Holds its lock meanwhile. */
export async function verifyOffline(
  dataDirectory: string,
  configFile: string | undefined,
  life: Watch,
): Promise<VerifyAnswer> {
  const config = readConfig({ data: dataDirectory, config: configFile });
  const log = createLog('error');
  const store = await openStore(config, { random, onFatal: endProcess(log), onTrouble: logTrouble(log) });
  try {
    const start = await openAtStart(store.reader, await readDataKeys(store.reader), config);
    if (!('opened' in start)) {
      throw new KeystairError('server-sealed', 'this data directory cannot be opened automatically', {
        nextStep: step('unseal-and-verify'),
      });
    }
    const repository = await openedRepository({ store, clock, random, log }, start.opened, undefined);
    return await verify({ store, ...repository }, callLife([life.stop], life.onProgress));
  } finally {
    await store.close();
  }
}

/**
 * Restores into an empty data directory, or into an empty database, whole or not at all. If there is to be a key file,
 * it is made at its configured place.
 */
export async function restoreServer(
  file: BackupFile,
  dataDirectory: string,
  { config: configFile, newKeyFile, database }: RestoreOptions,
): Promise<RestoreReport> {
  const config = readConfig({ data: dataDirectory, config: configFile, database });
  const log = createLog('error');
  const keyFile = config.rootKeyFile;
  let made = false;
  const makeSealKey = (): Uint8Array => {
    // It exists if the configuration places it elsewhere, or if an earlier restore broke off.
    if (existsSync(keyFile)) return readKeyFile(keyFile);
    made = true;
    return createKeyFile(keyFile, random);
  };
  const mayRemain = dirname(keyFile) === config.dataDirectory ? [basename(keyFile)] : [];
  const onFatal = endProcess(log);
  const into = (store: Store): Promise<RestoreReport> =>
    restoreBackup(
      { store, clock, random, log },
      readBackup(file.bytes, file.password),
      makeSealKey,
      newKeyFile,
    );
  try {
    return config.database === undefined
      ? await fillSqliteDirectory({ directory: config.dataDirectory, mayRemain, onFatal }, into)
      : await fillDatabase(config.dataDirectory, readDatabasePlace(config.database), onFatal, into);
  } catch (error) {
    if (made) rmSync(keyFile, { force: true });
    throw withoutRoom(error, `to restore the backup into ${config.dataDirectory}`, '--data DIR');
  }
}

/** The store's sentence about a full disk is for the administrator of a server that runs on it. */
function withoutRoom(error: unknown, what: string, option: string): unknown {
  if (codeOf(error) !== 'disk-full') return error;
  return new KeystairError('disk-full', `the disk has no room ${what}`, {
    nextStep: `nothing was left there; free some space or name another place with ${option}, and run the command again`,
    cause: error,
  });
}

/** The restore drill, in a scratch directory that is removed afterwards. No key file is ever written. */
export function checkBackupFile(
  file: BackupFile,
  scratch: string,
  { onProgress, stop }: Watch,
): Promise<CheckReport> {
  const log = createLog('error');
  const life: CallLife = {
    ...UNWATCHED,
    progress: onProgress,
    requireWanted: () => {
      if (!stop.aborted) return;
      throw new KeystairError('interrupted', 'stopped before the whole backup was verified', {
        nextStep: 'nothing was left; run the command again',
      });
    },
  };
  return withScratchDirectory(scratch, async (directory) => {
    const options = { directory, auditReserveBytes: 0, sync: 'off' as const, onFatal: endProcess(log) };
    const store = await openSqliteStore(options);
    try {
      const pages = readBackup(file.bytes, file.password);
      return await checkBackup({ store, clock, random, log }, pages, life);
    } finally {
      await store.close();
    }
  }).catch((error: unknown) => {
    throw withoutRoom(error, `to try the backup in ${scratch}`, '--scratch DIR');
  });
}
