/** The server as the command line needs it. `main.ts` fits the real one to it. */
import type { VerifyAnswer } from '#protocol/people/people-answers.ts';
import type { Watch } from '#transport/people/people-client.ts';

export interface ServerStartOptions {
  readonly data: string;
  readonly name: string | undefined;
  readonly listen: string | undefined;
  readonly address: string | undefined;
  readonly console: string | undefined;
  readonly database: string | undefined;
  readonly config: string | undefined;
}

/** `ready` when it can be talked to; with `sealed` it waits for a person, and `unsealed` follows. */
export interface ServerReady {
  readonly event: 'ready' | 'unsealed';
  readonly server: { readonly id: string; readonly name: string };
  /** Null until it listens for machines. */
  readonly listen: string | null;
  readonly console: string | null;
  readonly sealed?: true;
}

/** A backup's file as it comes, and what opens it. */
export interface BackupFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly password: string;
}

export interface RestoreReport {
  readonly server: { readonly id: string; readonly name: string };
  readonly backup: { readonly createdAt: string };
  readonly counts: Readonly<Record<string, number>>;
  /** Whether it has a new key file. */
  readonly keyFile: boolean;
  /** Seals of the old server that open this one too. */
  readonly otherSeals: readonly string[];
}

export interface CheckReport {
  readonly ok: boolean;
  readonly keys: number;
  readonly problems: readonly string[];
  readonly server: { readonly id: string; readonly name: string };
  readonly backup: { readonly createdAt: string };
  readonly counts: Readonly<Record<string, number>>;
}

export interface ServerProgram {
  /** Runs until `stop` is aborted and everything is drained. `onReady` is called once, or twice where it starts sealed. */
  readonly runServer: (
    options: ServerStartOptions,
    life: { readonly onReady: (ready: ServerReady) => void; readonly stop: AbortSignal },
  ) => Promise<void>;
  /** Verifies a data directory on which no server runs. */
  readonly verifyOffline: (
    dataDirectory: string,
    configFile: string | undefined,
    life: Watch,
  ) => Promise<VerifyAnswer>;
  /** Makes an empty data directory the server that the backup holds, whole or not at all. */
  readonly restoreServer: (
    file: BackupFile,
    dataDirectory: string,
    options: { readonly config: string | undefined; readonly newKeyFile: boolean },
  ) => Promise<RestoreReport>;
  /** Restores into a directory of its own under `scratch`, verifies everything, and leaves nothing. */
  readonly checkBackupFile: (file: BackupFile, scratch: string, life: Watch) => Promise<CheckReport>;
}
