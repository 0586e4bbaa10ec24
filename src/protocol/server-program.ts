/** What the command line asks of the server's program, which it runs in its own process, and what the program reports. */
import type { ServerName } from '#domain/server-name.ts';
import type { Notice } from '#domain/step.ts';
import type { VerifyAnswer } from './people/people-answers.ts';

export interface Watch {
  /** The progress of a long call: `done` of `of`, in any unit. */
  readonly onProgress: (done: number, of: number) => void;
  /** Ends the call, and its work at the server. */
  readonly stop: AbortSignal;
}

/** Options as the command line gives them. */
export interface ServerOptions {
  readonly data: string;
  readonly name?: string | undefined;
  readonly listen?: string | undefined;
  readonly address?: string | undefined;
  readonly console?: string | undefined;
  readonly database?: string | undefined;
  readonly config?: string | undefined;
}

/** `ready` when it accepts calls; with `sealed` it waits for a person, and `unsealed` follows. */
export interface ServerReady {
  readonly event: 'ready' | 'unsealed';
  readonly server: ServerName;
  /** Null until it listens for machines. */
  readonly listen: string | null;
  readonly console: string | null;
  readonly sealed?: true;
}

export interface ServerLife {
  readonly onReady: (ready: ServerReady) => void;
  /** Once, where a new server has a console and nobody who could sign in to it. The link opens it: to people only. */
  readonly onSetUpLink: (url: string) => void;
  readonly stop: AbortSignal;
}

/** The bytes of a backup's file as they come, and what opens it. */
export interface BackupFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly password: string;
}

interface BackupName {
  readonly backup: string;
  readonly createdAt: string;
}

export interface RestoreReport {
  readonly server: ServerName;
  readonly backup: BackupName;
  readonly counts: Readonly<Record<string, number>>;
  /** Whether a new key file opens it. */
  readonly keyFile: boolean;
  /** Seals of the old server that also open this one. */
  readonly otherSeals: readonly string[];
}

export interface MigrateReport {
  readonly from: string;
  readonly to: string;
  /** What was read back and compared: rows, and the SHA-256 over them in order. */
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly digest: string }>>;
}

/** Which past of a database was seen, and which is accepted in its place: PostgreSQL's system identifier and timeline. */
export interface AcceptRollbackReport {
  readonly seen: { readonly system: string; readonly timeline: number };
  readonly found: { readonly system: string; readonly timeline: number };
}

export interface CheckReport {
  readonly ok: boolean;
  readonly keys: number;
  readonly problems: readonly Notice[];
  readonly server: ServerName;
  readonly backup: BackupName;
  readonly counts: Readonly<Record<string, number>>;
}

export interface ServerProgram {
  /** Runs until `stop` is aborted and everything is drained. Calls `onReady` once, or twice where it starts sealed. */
  readonly runServer: (options: ServerOptions, life: ServerLife) => Promise<void>;
  /** Verifies a data directory on which no server runs. */
  readonly verifyOffline: (
    dataDirectory: string,
    configFile: string | undefined,
    life: Watch,
  ) => Promise<VerifyAnswer>;
  /** Moves the repository of a stopped server into a PostgreSQL database, whole or not at all. */
  readonly migrateServer: (
    dataDirectory: string,
    to: string,
    configFile: string | undefined,
    life: Watch,
  ) => Promise<MigrateReport>;
  /** Takes a database with an older past, which the server of that directory refused, for the true one. */
  readonly acceptRollback: (dataDirectory: string) => AcceptRollbackReport | Promise<AcceptRollbackReport>;
  /** Makes an empty data directory, or an empty database, into the server that the backup holds, whole or not at all. */
  readonly restoreServer: (
    file: BackupFile,
    dataDirectory: string,
    options: {
      readonly config: string | undefined;
      readonly newKeyFile: boolean;
      readonly database: string | undefined;
    },
  ) => Promise<RestoreReport>;
  /** Restores into a directory of its own under `scratch`, verifies everything, and leaves nothing behind. */
  readonly checkBackupFile: (file: BackupFile, scratch: string, life: Watch) => Promise<CheckReport>;
}
