/** The server as the command line needs it. `main.ts` fits the real one to it. */

export interface ServerStartOptions {
  readonly data: string;
  readonly name: string | undefined;
  readonly listen: string | undefined;
  readonly address: string | undefined;
  readonly console: string | undefined;
  readonly database: string | undefined;
  readonly config: string | undefined;
}

export interface ServerReady {
  readonly event: 'ready';
  readonly server: { readonly id: string; readonly name: string };
  readonly listen: string;
  readonly console: string | null;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly keys: number;
  readonly problems: readonly string[];
}

export interface ServerProgram {
  /** Runs until `stop` is aborted and everything is drained. `onReady` is called once. */
  readonly runServer: (
    options: ServerStartOptions,
    life: { readonly onReady: (ready: ServerReady) => void; readonly stop: AbortSignal },
  ) => Promise<void>;
  /** Verifies a data directory on which no server runs. */
  readonly verifyOffline: (dataDirectory: string, configFile?: string) => Promise<VerifyReport>;
}
